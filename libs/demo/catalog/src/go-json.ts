const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * Compact JSON as Go's encoding/json writes it: keys in the order given, and the characters that could end a script
 * element escaped. Broken surrogates become U+FFFD.
 */
export function stringifyLikeGo(value: unknown): string {
  const json = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? part.toWellFormed() : part));
  return json.replace(/[<>&\u2028\u2029]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * Fills a struct of strings from JSON as Go's encoding/json does: names match in any case, unknown ones are ignored,
 * `null` leaves the empty string. Throws a TypeError where a value has another type.
 */
export function stringsFromJson<N extends string>(json: unknown, names: readonly N[]): Record<N, string> {
  const strings = Object.fromEntries(names.map((name) => [name, ''])) as Record<N, string>;
  if (json === null) return strings;
  if (typeof json !== 'object' || Array.isArray(json)) throw new TypeError(`cannot read ${kindOf(json)} as an object`);
  for (const [key, value] of Object.entries(json)) {
    const name = names.find((known) => known === key.toLowerCase());
    if (name === undefined || value === null) continue;
    if (typeof value !== 'string') throw new TypeError(`cannot read ${kindOf(value)} as the string "${name}"`);
    strings[name] = value;
  }
  return strings;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
