/**
 * `xdstp://authority/type/id/with/slashes?key=value#directive`. Source: xDS naming (xds.core.v3.ResourceLocator, CNCF xRFC TP1).
 */
export interface XdstpName {
  readonly authority: string;
  /** `envoy.config.cluster.v3.Cluster` */
  readonly typeName: string;
  /** Ends in `/*`, or is `*`: all that are directly there. */
  readonly id: string;
  readonly contextParams: ReadonlyMap<string, string>;
  readonly directives: readonly XdstpDirective[];
}

/** `alt=`: where else it is, tried in order; `entry=`: which one of a collection. */
export type XdstpDirective =
  { readonly kind: 'alt'; readonly name: XdstpName } | { readonly kind: 'entry'; readonly entry: string };

const SCHEME = 'xdstp://';

export function isXdstp(name: string): boolean {
  return name.startsWith(SCHEME);
}

/** Undefined for what is no such name. */
export function parseXdstp(text: string): XdstpName | undefined {
  if (!isXdstp(text)) return undefined;
  const match = /^xdstp:\/\/([^/?#]*)\/([^/?#]+)\/?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  if (match === null) return undefined;
  const [, authority = '', typeName = '', id = '', query = '', fragment = ''] = match;
  try {
    const directives = parseDirectives(fragment);
    if (directives === undefined) return undefined;
    const params = query === '' ? [] : query.split('&').map((pair): [string, string] => keyAndValue(pair));
    return {
      authority: decodeURIComponent(authority),
      typeName: decodeURIComponent(typeName),
      id: id.split('/').map(decodeURIComponent).join('/'),
      contextParams: new Map(params),
      directives,
    };
  } catch {
    // A lone % is no name.
    return undefined;
  }
}

/** The one way to write a name: context parameters in order of their keys. `directives` false: only what names the resource. */
export function formatXdstp(name: XdstpName, directives = true): string {
  const { authority, typeName, id, contextParams } = name;
  const params = [...contextParams].sort(([a], [b]) => (a < b ? -1 : 1));
  const query = params.map(([key, value]) => `${escape(key)}=${escape(value)}`).join('&');
  const path = id.split('/').map(escape).join('/');
  const base = `${SCHEME}${escape(authority)}/${escape(typeName)}/${path}${query && `?${query}`}`;
  if (!directives || name.directives.length === 0) return base;
  const parts = name.directives.map((directive) =>
    directive.kind === 'entry'
      ? `entry=${escape(directive.entry)}`
      : `alt=${escapeNested(formatXdstp(directive.name))}`,
  );
  return `${base}#${parts.join(',')}`;
}

/** Names that differ only in how they are written are the same. Names of any other form stay as they are. */
export function normalizeName(name: string): string {
  const parsed = parseXdstp(name);
  return parsed === undefined ? name : formatXdstp(parsed, false);
}

/** The collection that a resource is in: `xdstp://a/t/x/*` of `xdstp://a/t/x/y`. Undefined for names of any other form. */
export function collectionOf(name: string): string | undefined {
  const parsed = parseXdstp(name);
  if (parsed === undefined) return undefined;
  return formatXdstp({ ...parsed, id: parsed.id.replace(/[^/]*$/, '*') }, false);
}

function parseDirectives(fragment: string): XdstpDirective[] | undefined {
  if (fragment === '') return [];
  const directives: XdstpDirective[] = [];
  for (const part of fragment.split(',')) {
    const [kind, value] = keyAndValue(part);
    if (kind === 'entry') directives.push({ kind, entry: value });
    else if (kind === 'alt') {
      const name = parseXdstp(value);
      if (name === undefined) return undefined;
      directives.push({ kind, name });
    } else return undefined;
  }
  return directives;
}

function keyAndValue(pair: string): [string, string] {
  const at = pair.indexOf('=');
  const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  return [decodeURIComponent(key), decodeURIComponent(value)];
}

/** `*` and what RFC 3986 leaves unreserved or allows in a path segment stays readable. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(/%(3A|40|2B|24)/g, (code) => decodeURIComponent(code));
}

/** A name within a directive: what would end the directive, or be decoded a level too early, is written as a code. */
function escapeNested(text: string): string {
  return text.replaceAll(/[%#,]/g, encodeURIComponent);
}
