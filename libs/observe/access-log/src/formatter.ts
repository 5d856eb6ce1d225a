import type { FormatPart } from './format-parser.ts';
import { bytesOf, type FormatEnvironment, type LoggedStream, type LogValue, type ValueProvider } from './operator.ts';
import { OPERATORS } from './operators.ts';

/**
 * A format as configured: text, or a tree for JSON. Lines are made of characters below U+0100, a byte each, because header
 * values come that way; text of the configuration is turned into its UTF-8 bytes when the formatter is made.
 */
export type LogFormat =
  | { readonly kind: 'text'; readonly parts: readonly FormatPart[]; readonly omitEmptyValues: boolean }
  | { readonly kind: 'json'; readonly root: JsonNode; readonly omitEmptyValues: boolean };

/** A value of a json_format: a format string, something to print as it is, or objects and lists of those. */
export type JsonNode =
  | { readonly kind: 'format'; readonly parts: readonly FormatPart[] }
  | { readonly kind: 'literal'; readonly value: number | boolean | null }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, node: JsonNode])[] }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[] };

/** One line of log for a stream. */
export type Formatter = (stream: LoggedStream) => string;

/** Compiles a format: operators are resolved once, a line is one pass over them. */
export function createFormatter(format: LogFormat, environment: FormatEnvironment): Formatter {
  if (format.kind === 'text') return textFormatter(format.parts, format.omitEmptyValues ? '' : '-', environment);
  const write = jsonWriter(format.root, format.omitEmptyValues, environment);
  return (stream) => `${write(stream) ?? '{}'}\n`;
}

function textFormatter(parts: readonly FormatPart[], empty: string, environment: FormatEnvironment): Formatter {
  const pieces = parts.map((part) => (part.kind === 'text' ? bytesOf(part.text) : provider(part, environment)));
  return (stream) => {
    let line = '';
    for (const piece of pieces) line += typeof piece === 'string' ? piece : (textOf(piece(stream)) ?? empty);
    return line;
  };
}

function textOf(value: LogValue): string | number | undefined {
  return typeof value === 'object' ? value.json : value;
}

function provider(part: Extract<FormatPart, { kind: 'operator' }>, environment: FormatEnvironment): ValueProvider {
  const operator = OPERATORS[part.name];
  if (operator === undefined) throw new Error(`format with unknown operator ${part.name} was not refused`);
  const provide = operator.create(part.argument, environment);
  const { maxLength } = part;
  if (maxLength === undefined) return provide;
  return (stream) => {
    const value = provide(stream);
    return typeof value === 'string' ? value.slice(0, maxLength) : value;
  };
}

/** Writes the JSON of one node; undefined where `omit_empty_values` leaves it out. */
type JsonWriter = (stream: LoggedStream) => string | undefined;

function jsonWriter(node: JsonNode, omit: boolean, environment: FormatEnvironment): JsonWriter {
  switch (node.kind) {
    case 'literal': {
      const text = node.value === null && omit ? undefined : JSON.stringify(node.value);
      return () => text;
    }
    case 'format':
      return formatWriter(node.parts, omit, environment);
    case 'list': {
      const items = node.items.map((item) => jsonWriter(item, omit, environment));
      return (stream) => `[${items.flatMap((item) => item(stream) ?? []).join(',')}]`;
    }
    case 'object':
      return objectWriter(node.fields, omit, environment);
  }
}

function objectWriter(
  fields: Extract<JsonNode, { kind: 'object' }>['fields'],
  omit: boolean,
  environment: FormatEnvironment,
): JsonWriter {
  // Envoy writes fields sorted by name.
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const writers = sorted.map(([name, node]) => ({
    prefix: `${bytesOf(JSON.stringify(name))}:`,
    write: jsonWriter(node, omit, environment),
  }));
  return (stream) => {
    let json = '{';
    for (const { prefix, write } of writers) {
      const value = write(stream);
      if (value !== undefined) json += `${json.length === 1 ? '' : ','}${prefix}${value}`;
    }
    return omit && json.length === 1 ? undefined : `${json}}`;
  };
}

/** A lone operator keeps its type, and is null without a value; anything else is a string. */
function formatWriter(parts: readonly FormatPart[], omit: boolean, environment: FormatEnvironment): JsonWriter {
  const [only] = parts;
  if (parts.length === 1 && only?.kind === 'operator') {
    const provide = provider(only, environment);
    const empty = omit ? undefined : 'null';
    return (stream) => {
      const value = provide(stream);
      if (value === undefined) return empty;
      if (typeof value === 'object') return value.json;
      return typeof value === 'number' ? String(value) : JSON.stringify(value);
    };
  }
  const text = textFormatter(parts, omit ? '' : '-', environment);
  return (stream) => JSON.stringify(text(stream));
}
