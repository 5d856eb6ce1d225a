/** What a segment of a path is made of. Source: RFC 3986 pchar. */
const SEGMENT = "[A-Za-z0-9\\-._~%!$&'()+,;:@=]";
/** `{name}`, `{name=pattern}`, `**`, `*`, or text that means itself. */
const TOKEN = /\{([A-Za-z][A-Za-z0-9_]*)(?:=([^{}]*))?\}|\*\*|\*|[^*{}]+/y;
const MAX_VARIABLES = 5;

/**
 * The test of a path template such as `/users/{id}/files/{rest=**}`: `*` and `{id}` are one segment, `**` is any number of them
 * and nothing follows it but text. A sentence where the template is none. Source: Envoy's uri_template matcher.
 */
export function compileUriTemplate(template: string): RegExp | string {
  if (!template.startsWith('/')) return 'does not begin with "/"';
  const names = new Set<string>();
  const pattern = patternOf(template, names);
  if (typeof pattern !== 'string') return pattern.fault;
  if (names.size > MAX_VARIABLES) return `has more than ${MAX_VARIABLES} variables`;
  return new RegExp(`^${pattern}$`);
}

function patternOf(text: string, names: Set<string> | undefined): string | { readonly fault: string } {
  let pattern = '';
  let ended = false;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) return { fault: `has a "${text[at] ?? ''}" out of place` };
    const [token, name, inner] = match;
    const next = TOKEN.lastIndex;
    const operator = name !== undefined || token.startsWith('*');
    if (operator && ended) return { fault: 'has an operator behind "**"' };
    if (name !== undefined) {
      if (names === undefined || names.has(name))
        return { fault: `has the variable "${name}" twice, or inside another` };
      names.add(name);
      const value = inner === undefined ? `${SEGMENT}+` : patternOf(inner, undefined);
      if (typeof value !== 'string') return value;
      ended = inner?.includes('**') ?? false;
      pattern += value;
    } else if (token === '**') {
      ended = true;
      pattern += `(?:${SEGMENT}|/)*`;
    } else pattern += token === '*' ? `${SEGMENT}+` : token.replace(/[.+?^$()|[\]\\]/g, '\\$&');
    TOKEN.lastIndex = next;
  }
  return pattern;
}
