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
  if (options.normalize && /[.%\\]/.test(plain)) {
    const decoded = decodeUnreserved(plain.replaceAll('\\', '/'));
    if (decoded === undefined) return undefined;
    plain = removeDotSegments(decoded);
  }
  if (options.mergeSlashes) plain = plain.replaceAll(/\/{2,}/g, '/');
  return plain + rest;
}

function decodeUnreserved(path: string): string | undefined {
  let broken = false;
  const decoded = path.replaceAll(/%(..)?/g, (escape, hex: string | undefined) => {
    if (hex === undefined || !/^[0-9A-Fa-f]{2}$/.test(hex) || hex === '00') {
      broken = true;
      return escape;
    }
    const char = String.fromCharCode(parseInt(hex, 16));
    return UNRESERVED.test(char) ? char : escape;
  });
  return broken ? undefined : decoded;
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
