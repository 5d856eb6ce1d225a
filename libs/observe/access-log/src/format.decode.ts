import { readFileSync } from 'node:fs';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { DataSource } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { SubstitutionFormatString } from '@weft/api-envoy/gen/envoy/config/core/v3/substitution_format_string_pb';
import { DEFAULT_FORMAT } from './default-format.ts';
import { parseFormat, type FormatPart } from './format-parser.ts';
import type { JsonNode, LogFormat } from './formatter.ts';

/** google.protobuf.Struct, as the API's messages hold it. */
type StructValue = string | number | boolean | null | StructValue[] | StructObject;
interface StructObject {
  [name: string]: StructValue;
}

const FORMAT_STRING = 'envoy.config.core.v3.SubstitutionFormatString';

export const formatSupport: FieldSupport = {
  // Operators of formatter extensions are built in (REQ_WITHOUT_QUERY) or refused by name; fields are always sorted.
  [FORMAT_STRING]: [
    'text_format',
    'text_format_source',
    'json_format',
    'omit_empty_values',
    'formatters',
    'json_format_options',
  ],
  'envoy.config.core.v3.DataSource': ['filename', 'inline_bytes', 'inline_string'],
  'envoy.config.core.v3.JsonFormatOptions': ['sort_properties'],
};

/** A `log_format`. Faults go to `cx`. */
export function decodeLogFormat(message: SubstitutionFormatString, cx: DecodeContext): LogFormat | undefined {
  const { format, omitEmptyValues } = message;
  switch (format.case) {
    case 'textFormat':
      return decodeTextFormat(format.value, cx.at('text_format'), omitEmptyValues);
    case 'textFormatSource': {
      const text = readDataSource(format.value, cx.at('text_format_source'));
      return text === undefined ? undefined : decodeTextFormat(text, cx.at('text_format_source'), omitEmptyValues);
    }
    case 'jsonFormat':
      return decodeJsonFormat(format.value, cx.at('json_format'), omitEmptyValues);
    case undefined:
      return DEFAULT_FORMAT;
  }
}

export function decodeTextFormat(text: string, cx: DecodeContext, omitEmptyValues = false): LogFormat {
  return { kind: 'text', parts: decodeParts(text, cx), omitEmptyValues };
}

export function decodeJsonFormat(value: StructObject, cx: DecodeContext, omitEmptyValues = false): LogFormat {
  return { kind: 'json', root: decodeNode(value, cx), omitEmptyValues };
}

function decodeNode(value: StructValue, cx: DecodeContext): JsonNode {
  if (typeof value === 'string') return { kind: 'format', parts: decodeParts(value, cx) };
  if (value === null || typeof value !== 'object') return { kind: 'literal', value };
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item, i) => decodeNode(item, cx.at(i))) };
  return {
    kind: 'object',
    fields: Object.entries(value).map(([name, inner]) => [name, decodeNode(inner, cx.at(name))] as const),
  };
}

function decodeParts(text: string, cx: DecodeContext): FormatPart[] {
  const { parts, faults } = parseFormat(text);
  for (const { message, later, ...hint } of faults) {
    if (later === true) cx.later(message);
    else cx.error(message, hint);
  }
  return parts;
}

function readDataSource({ specifier }: DataSource, cx: DecodeContext): string | undefined {
  switch (specifier.case) {
    case 'inlineString':
      return specifier.value;
    case 'inlineBytes':
      return Buffer.from(specifier.value).toString('utf8');
    case 'filename':
      try {
        return readFileSync(specifier.value, 'utf8');
      } catch (error) {
        cx.at('filename').error(`cannot be read: ${(error as Error).message}`);
        return undefined;
      }
    default:
      cx.error('has no source that Weft reads', { expected: 'filename, inline_bytes or inline_string' });
      return undefined;
  }
}
