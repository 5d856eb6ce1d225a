import {
  joinPath,
  nearest,
  nodeOf,
  plainValue,
  type ConfigNode,
  type ListNode,
  type MapNode,
} from '@weft/core-config-text';
import { reportChoices } from './one-of.ts';
import type { Report, ReportHint } from './report.ts';
import { brokenRules } from './rules.ts';
import { reportScalar } from './scalar.ts';
import type { Schema } from './schema.ts';

/**
 * Reads a value by its schema: reports every fault, sets defaults, and gives what is left as a frozen value, which has the
 * schema's types also where there are faults: what cannot be read is left out, or stands in as nothing (`standIns`).
 */
export class ValueReader {
  private readonly sink: Report;
  private faults = 0;
  /** Paths of what must be there and could not be read: in its place stands an empty text, 0, or the like. */
  readonly standIns: string[] = [];
  /** The schemas around the value, outermost first: a field in the wrong place belongs to one of them. */
  private readonly around: { readonly schema: Schema; readonly path: string }[] = [];

  constructor(report: Report) {
    this.sink = report;
  }

  read(node: ConfigNode, schema: Schema, path: string): unknown {
    const before = this.faults;
    const value = this.valueOf(node, schema, path);
    if (this.faults !== before) return value;
    // Of the value: what a default sets counts.
    if (hasChoices(schema)) reportChoices(nodeOf(value, node.offset), schema, path, this.report);
    if (schema.rules !== undefined && this.faults === before)
      for (const message of brokenRules(schema.rules, value))
        this.report(path, lowerFirst(message), ruleHint(message, value));
    return value;
  }

  private readonly report: Report = (path, message, hint) => {
    this.faults += 1;
    this.sink(path, message, hint);
  };

  private valueOf(node: ConfigNode, schema: Schema, path: string): unknown {
    if (node.kind === 'map' && (schema.type === 'object' || schema.type === undefined) && schema.intOrString !== true)
      return this.map(node, schema, path);
    if (node.kind === 'list' && (schema.type === 'array' || schema.type === undefined) && schema.intOrString !== true)
      return this.list(node, schema, path);
    if (node.kind === 'scalar') {
      if (node.value === null && schema.nullable === true) return undefined;
      reportScalar(node, schema, path, this.report);
      return hasType(node.value, schema) ? node.value : undefined;
    }
    const expected = schema.intOrString === true ? 'an integer or text' : EXPECTED[schema.type ?? 'object'];
    this.report(path, node.kind === 'map' ? 'is a map' : 'is a list', { expected });
    return undefined;
  }

  private list(node: ListNode, schema: Schema, path: string): unknown {
    const { minItems, maxItems, items } = schema;
    const count = node.items.length;
    if (minItems !== undefined && count < minItems)
      this.report(path, count === 0 ? 'is empty' : `has ${count} elements`, { expected: `at least ${minItems}` });
    if (maxItems !== undefined && count > maxItems)
      this.report(path, `has ${count} elements`, { expected: `at most ${maxItems}` });
    const values = node.items.map((item, index) =>
      items === undefined
        ? plainValue(item)
        : (this.read(item, items, joinPath(path, index)) ?? this.standIn(items, joinPath(path, index))),
    );
    this.unique(values, schema, path);
    return Object.freeze(values);
  }

  /** No two elements of a list that is a set, or a map by some keys. */
  private unique(values: readonly unknown[], { listType, listKeys }: Schema, path: string): void {
    if (listType !== 'map' && listType !== 'set') return;
    const seen = new Map<string, number>();
    for (const [index, value] of values.entries()) {
      const record = value as Readonly<Record<string, unknown>>;
      const key = JSON.stringify(listType === 'map' ? (listKeys ?? []).map((name) => record[name] ?? null) : value);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, index);
      else
        this.report(
          joinPath(path, index),
          `has the same ${(listKeys ?? ['value']).join(' and ')} as ${joinPath(path, first)}`,
        );
    }
  }

  private map(node: MapNode, schema: Schema, path: string): unknown {
    const { properties, additionalProperties, required = [], minProperties, maxProperties } = schema;
    const value: Record<string, unknown> = {};
    this.around.push({ schema, path });
    for (const [key, entry] of node.entries) {
      const below = joinPath(path, key);
      const field = properties?.[key] ?? additionalProperties;
      if (field !== undefined) {
        const read = this.read(entry.value, field, below);
        if (read !== undefined) value[key] = read;
      } else if (isOpen(schema)) value[key] = plainValue(entry.value);
      else this.unknownField(key, below, properties ?? {});
    }
    this.around.pop();
    for (const key of required) {
      const field = properties?.[key];
      if (field?.default !== undefined) continue;
      if (!node.entries.has(key)) this.report(path, `lacks the field "${key}"`);
      if (value[key] === undefined && field !== undefined) value[key] = this.standIn(field, joinPath(path, key));
    }
    const count = node.entries.size;
    if (minProperties !== undefined && count < minProperties)
      this.report(path, 'is empty', { expected: 'at least one field' });
    if (maxProperties !== undefined && count > maxProperties)
      this.report(path, `has ${count} fields`, { expected: `at most ${maxProperties}` });
    for (const [key, field] of Object.entries(properties ?? {}))
      if (value[key] === undefined && field.default !== undefined) value[key] = this.preset(field);
    return Object.freeze(value);
  }

  private standIn(schema: Schema, path: string): unknown {
    this.standIns.push(path);
    return nothing(schema);
  }

  /** A default, with the defaults of the fields inside it. */
  private preset(field: Schema): unknown {
    if (field.properties === undefined || typeof field.default !== 'object') return field.default;
    const inner = Object.entries(field.properties).filter(([, { default: preset }]) => preset !== undefined);
    return Object.freeze({
      ...Object.fromEntries(inner.map(([key, below]) => [key, this.preset(below)])),
      ...field.default,
    });
  }

  private unknownField(key: string, path: string, properties: Readonly<Record<string, Schema>>): void {
    const suggestion = nearest(key, Object.keys(properties));
    if (suggestion !== undefined) {
      this.report(path, `unknown field "${key}"`, { atKey: true, suggestion });
      return;
    }
    const home = this.around.slice(0, -1).findLast(({ schema }) => schema.properties?.[key] !== undefined);
    const inside = Object.entries(properties).find(([, { properties: own }]) => own?.[key] !== undefined);
    const known = Object.keys(properties);
    if (home !== undefined)
      this.report(path, `unknown field "${key}"`, { atKey: true, expected: `it at ${joinPath(home.path, key)}` });
    else if (inside !== undefined)
      this.report(path, `unknown field "${key}"`, { atKey: true, expected: `it inside ${inside[0]}` });
    else
      this.report(
        path,
        `unknown field "${key}"`,
        known.length === 0 ? { atKey: true } : { atKey: true, expected: `one of ${known.join(', ')}` },
      );
  }
}

/** The emptiest value of a type, with what must be in it. */
export function nothing({ type, required = [], properties, default: preset }: Schema): unknown {
  if (preset !== undefined) return preset;
  switch (type) {
    case 'string':
      return '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return Object.freeze([]);
    default: {
      const inner = required.flatMap((key) =>
        properties?.[key] === undefined ? [] : [[key, nothing(properties[key])]],
      );
      return Object.freeze(Object.fromEntries(inner) as Record<string, unknown>);
    }
  }
}

function hasType(value: unknown, { type, intOrString }: Schema): boolean {
  if (value === null) return type === undefined;
  if (intOrString === true) return typeof value === 'number' || typeof value === 'string';
  if (type === 'integer' || type === 'number') return typeof value === 'number';
  return type === undefined || typeof value === type;
}

const EXPECTED = {
  object: 'a map of fields',
  array: 'a list',
  string: 'text',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
} as const;

function hasChoices({ oneOf, anyOf, allOf, not }: Schema): boolean {
  return oneOf !== undefined || anyOf !== undefined || allOf !== undefined || not !== undefined;
}

function isOpen({ preserveUnknown, properties, additionalProperties, type }: Schema): boolean {
  return (
    preserveUnknown === true || type === undefined || (properties === undefined && additionalProperties === undefined)
  );
}

/** Durations are the rule that is broken most: by a number without a unit. */
function ruleHint(message: string, value: unknown): ReportHint {
  if (!message.includes('duration') || typeof value !== 'string') return {};
  const expected = 'hours, minutes, seconds, milliseconds, as in "1m30s"';
  return /^\d+(\.\d+)?$/.test(value) ? { expected, suggestion: `${value}s` } : { expected };
}

function lowerFirst(text: string): string {
  return /^[A-Z][A-Z_]/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);
}
