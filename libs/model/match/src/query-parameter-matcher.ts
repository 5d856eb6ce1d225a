import type { StringMatcher } from './string-matcher.ts';

/** A test of one query parameter, compiled. Source: envoy.config.route.v3.QueryParameterMatcher. */
export interface QueryParameterMatcher {
  readonly name: string;
  /** Undefined: `present` decides. */
  readonly value: StringMatcher | undefined;
  readonly present: boolean;
}

/** True if all of `matchers` match the query of `path`, as it was sent (not percent-decoded); so for none. */
export function matchQuery(matchers: readonly QueryParameterMatcher[], path: string): boolean {
  for (const { name, value, present } of matchers) {
    const found = firstQueryValue(path, name);
    if (value === undefined ? (found !== undefined) !== present : found === undefined || !value.matches(found))
      return false;
  }
  return true;
}

/** The value of the first parameter of that name in `path`; `''` where it has none; undefined without the parameter. */
export function firstQueryValue(path: string, name: string): string | undefined {
  let at = path.indexOf('?') + 1;
  if (at === 0) return undefined;
  while (at <= path.length) {
    let end = path.indexOf('&', at);
    if (end < 0) end = path.length;
    if (path.startsWith(name, at)) {
      const after = at + name.length;
      if (after === end) return '';
      if (after < end && path.charCodeAt(after) === 61) return path.slice(after + 1, end);
    }
    at = end + 1;
  }
  return undefined;
}
