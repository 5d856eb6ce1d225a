import type { ConfigNode } from '@weft/core-config-text';
import { isIP } from 'node:net';
import type { Report } from './report.ts';
import type { Schema } from './schema.ts';

/** Reports which of the choices in a schema (`oneOf`, `anyOf`, `allOf`, `not`) a value does not keep to. */
export function reportChoices(node: ConfigNode, schema: Schema, path: string, report: Report): void {
  for (const part of schema.allOf ?? []) reportChoices(node, part, path, report);
  if (schema.oneOf !== undefined && schema.oneOf.filter((branch) => fits(node, branch)).length !== 1)
    reportOneOf(node, schema.oneOf, path, report);
  if (schema.anyOf !== undefined && !schema.anyOf.some((branch) => fits(node, branch)))
    report(path, 'fits none of the forms that are allowed', { expected: wordsOf(schema.anyOf) });
  if (schema.not !== undefined && fits(node, schema.not))
    report(path, 'has a form that is not allowed', { expected: `not ${wordsOf([schema.not])}` });
}

function reportOneOf(node: ConfigNode, branches: readonly Schema[], path: string, report: Report): void {
  const names = [...new Set(branches.flatMap(requiredNames))];
  const present = names.filter((name) => node.kind === 'map' && node.entries.has(name));
  if (present.length > 1) report(path, `has ${list(present, 'and')}`, { expected: `only one of ${list(names, 'or')}` });
  else if (names.length > 0 && present.length === 0)
    report(path, 'is incomplete', { expected: `one of ${list(names, 'or')}` });
  else report(path, 'fits none of the forms that are allowed', { expected: wordsOf(branches) });
}

function requiredNames(schema: Schema): readonly string[] {
  return [...(schema.required ?? []), ...(schema.not?.anyOf ?? []).flatMap(requiredNames)];
}

function wordsOf(branches: readonly Schema[]): string {
  const text = JSON.stringify(branches);
  if (text.includes('ipv4')) return 'an IPv4 or IPv6 address where the type is IPAddress';
  const types = branches.flatMap(({ type }) => (type === undefined ? [] : [type]));
  return types.length > 0 ? list(types, 'or') : list(branches.flatMap(requiredNames), 'or');
}

function list(words: readonly string[], last: string): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

function fits(node: ConfigNode, schema: Schema): boolean {
  const { required = [], properties = {} } = schema;
  if (node.kind === 'map') {
    if (!required.every((name) => node.entries.has(name))) return false;
    for (const [name, below] of Object.entries(properties)) {
      const entry = node.entries.get(name);
      if (entry !== undefined && !fits(entry.value, below)) return false;
    }
  }
  if (node.kind === 'scalar' && !fitsScalar(node.value, schema)) return false;
  if (schema.not !== undefined && fits(node, schema.not)) return false;
  if (schema.anyOf !== undefined && !schema.anyOf.some((branch) => fits(node, branch))) return false;
  if (schema.oneOf !== undefined && schema.oneOf.filter((branch) => fits(node, branch)).length !== 1) return false;
  return (schema.allOf ?? []).every((branch) => fits(node, branch));
}

function fitsScalar(value: string | number | boolean | null, schema: Schema): boolean {
  if (schema.enum !== undefined && !schema.enum.includes(String(value))) return false;
  if (schema.format === 'ipv4') return isIP(String(value)) === 4;
  if (schema.format === 'ipv6') return isIP(String(value)) === 6;
  if (schema.type === 'integer') return Number.isInteger(value);
  return schema.type !== 'string' || typeof value === 'string';
}
