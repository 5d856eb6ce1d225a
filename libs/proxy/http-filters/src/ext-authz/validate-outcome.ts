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

export function isValidName(name: string): boolean {
  return NAME.test(name);
}

function isValidChange({ name, value }: HeaderChange): boolean {
  return NAME.test(name) && VALUE.test(value);
}
