/** The words that YAML 1.1 takes for booleans, each in lower case, upper case and with a capital. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  Object.entries({ y: true, n: false, yes: true, no: false, true: true, false: false, on: true, off: false }).flatMap(
    ([word, value]) =>
      [word, word.toUpperCase(), `${word.charAt(0).toUpperCase()}${word.slice(1)}`].map((form): [string, boolean] => [
        form,
        value,
      ]),
  ),
);
const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const INTEGER = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]+)|(0|[1-9][0-9]*))$/;
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MAX = 2n ** 31n - 1n;

/**
 * What Envoy takes a plain YAML scalar for: the booleans and octal integers of YAML 1.1, integers of 32 bits as numbers,
 * everything else, fractions and larger integers too, as text, which a numeric field then parses and a string field keeps.
 */
export function plainScalar(text: string): string | number | boolean | null {
  if (NULLS.has(text)) return null;
  const boolean = BOOLEANS.get(text);
  if (boolean !== undefined) return boolean;
  const match = INTEGER.exec(text);
  if (match === null) return text;
  const [, sign, hex, octal, decimal] = match;
  const digits = hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : (decimal as string);
  const magnitude = BigInt(digits);
  const value = sign === '-' ? -magnitude : magnitude;
  if (magnitude > INT64_MAX + (sign === '-' ? 1n : 0n)) return text;
  return magnitude > INT32_MAX + (sign === '-' ? 1n : 0n) ? String(value) : Number(value);
}

const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** What JSON takes an unquoted word for; undefined for what it does not know. */
export function jsonScalar(text: string): number | boolean | null | undefined {
  if (text === 'null') return null;
  if (text === 'true') return true;
  if (text === 'false') return false;
  return JSON_NUMBER.test(text) ? Number(text) : undefined;
}
