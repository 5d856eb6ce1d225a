const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/**
 * The path of a request as configuration wants it compared: `normalize_path` takes apart dot segments, backslashes and
 * percent-encoded characters that need no encoding (RFC 3986 sections 6.2.2.2 and 6.2.2.3); `merge_slashes` makes one of
 * several slashes. The query stays as it is. Undefined: the path cannot be normalized. Source: Envoy's PathUtil.
 */
export function normalizePath(
  path: string,
  options: { readonly normalize: boolean; readonly mergeSlashes: boolean },
): string | undefined {
  const query = path.search(/[?#]/);
  let plain = query < 0 ? path : path.slice(0, query);
  const rest = query < 0 ? '' : path.slice(query);
  if (options.normalize && /[.%\\"<>^`{|}]/.test(plain)) {
    const decoded = decodeUnreserved(plain.replaceAll('\\', '/'));
    if (decoded === undefined) return undefined;
    plain = removeDotSegments(decoded);
  }
  // Of nothing but slashes Envoy keeps two: the one it begins with, and the one it ends with.
  if (options.mergeSlashes) plain = /^\/{2,}$/.test(plain) ? '//' : plain.replaceAll(/\/{2,}/g, '/');
  return plain + rest;
}

/** Undefined where there is an escaped NUL. An escape that is none stays as it is, as do those of all other characters. */
function decodeUnreserved(path: string): string | undefined {
  if (path.includes('%00')) return undefined;
  return path
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) => {
      const char = String.fromCharCode(parseInt(hex, 16));
      return UNRESERVED.test(char) ? char : escape;
    })
    .replaceAll(/["<>^`{|}]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** RFC 3986 section 5.2.4, on a path that begins with a slash. Empty segments stay. */
function removeDotSegments(path: string): string {
  const segments = path.split('/').slice(1);
  const kept: string[] = [];
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (last) kept.push('');
  });
  return `/${kept.join('/')}`;
}
