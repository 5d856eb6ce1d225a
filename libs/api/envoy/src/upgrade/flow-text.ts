import { plainValue, type ConfigNode } from '@weft/core-config-text';

const LONGEST = 240;
const PLAIN = /^[A-Za-z_/][A-Za-z0-9_./-]*$/;

/** A value as YAML on one line, for people: `{name: x, typed_config: {"@type": …}}`. Long ones are cut. */
export function flowText(value: unknown): string {
  const text = flow(value);
  const inner = text.startsWith('{') ? text.slice(1, -1) : text;
  return inner.length > LONGEST ? `${inner.slice(0, LONGEST)}…` : inner;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? word(value) : String(value);
  if ('kind' in value && 'offset' in value) return flow(plainValue(value as ConfigNode));
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${word(key)}: ${flow(item)}`).join(', ')}}`;
}

function word(text: string): string {
  return PLAIN.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}
