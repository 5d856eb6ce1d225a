import type { CheckOutcome, HeaderChange } from '@weft/proxy-ext-authz';

/** RFC 9110 section 5.6.2, and the names of pseudo headers. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5. */
// eslint-disable-next-line no-control-regex
const VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;
/** What stands in a query without being encoded. */
const QUERY = /^(?:[A-Za-z0-9\-._~!$'()*+,;:@/?]|%[0-9A-Fa-f]{2})*$/;

/**
 * True where every change that a service asks for can be made of a message. What it asks to remove is not looked at: what
 * cannot be there is not. Source: `validate_mutations`.
 */
export function isValid(outcome: CheckOutcome): boolean {
  if (outcome.invalidAction || !outcome.changes.every(isValidChange)) return false;
  if (outcome.kind !== 'ok') return true;
  return (
    outcome.responseChanges.every(isValidChange) &&
    outcome.setQuery.every(([name, value]) => QUERY.test(name) && QUERY.test(value))
  );
}

export function isValidValue(value: string): boolean {
  return VALUE.test(value);
}

export function isValidName(name: string): boolean {
  return NAME.test(name);
}

/** What of a request no upstream is to see, as Envoy says it; undefined where there is nothing. */
export function faultOf(changes: readonly HeaderChange[], path: string): string | undefined {
  for (const { name, value } of changes) {
    if (!NAME.test(name)) return `invalid header name: ${printable(name)}`;
    if (!VALUE.test(value)) return `invalid header value for: ${name.toLowerCase()}`;
  }
  return VALUE.test(path) ? undefined : 'invalid header value for: :path';
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** True for a header that a message can have: another would end the line that it stands on. */
export function isValidChange({ name, value }: HeaderChange): boolean {
  return NAME.test(name) && VALUE.test(value);
}
