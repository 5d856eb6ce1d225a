import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { DataSource as Message } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { DataSource } from './data-source.ts';

export const dataSourceSupport: FieldSupport = {
  'envoy.config.core.v3.DataSource': [
    'filename', 'inline_bytes', 'inline_string', 'environment_variable', 'watched_directory',
  ],
  'envoy.config.core.v3.WatchedDirectory': ['path'],
}; // prettier-ignore

const KINDS = 'filename, inline_string, inline_bytes or environment_variable';

/** Source: core.v3.DataSource. Absent or empty ones are faults. */
export function decodeDataSource(message: Message | undefined, cx: DecodeContext): DataSource | undefined {
  const specifier = message?.specifier;
  switch (specifier?.case) {
    case 'filename':
      return { kind: 'file', path: specifier.value, watchedDirectory: message?.watchedDirectory?.path };
    case 'environmentVariable':
      return { kind: 'environment', variable: specifier.value };
    case 'inlineString':
      return { kind: 'inline', bytes: new TextEncoder().encode(specifier.value) };
    case 'inlineBytes':
      return { kind: 'inline', bytes: specifier.value };
    default:
      cx.error('is missing', { expected: KINDS });
      return undefined;
  }
}

/** The same where it may be absent. */
export function decodeOptionalDataSource(message: Message | undefined, cx: DecodeContext): DataSource | undefined {
  return message === undefined ? undefined : decodeDataSource(message, cx);
}
