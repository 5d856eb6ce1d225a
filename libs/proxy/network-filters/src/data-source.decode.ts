import { readFileSync } from 'node:fs';
import type { DecodeContext } from '@weft/api-envoy';
import type { DataSource } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';

/** The bytes of a data source; none where it is absent. A file is read now, and not again. */
export function decodeDataSource(message: DataSource | undefined, cx: DecodeContext): Buffer | undefined {
  const specifier = message?.specifier;
  switch (specifier?.case) {
    case undefined:
      return Buffer.alloc(0);
    case 'inlineString':
      return Buffer.from(specifier.value);
    case 'inlineBytes':
      return Buffer.from(specifier.value);
    case 'filename':
      try {
        return readFileSync(specifier.value);
      } catch (error) {
        cx.at('filename').error(`"${specifier.value}" cannot be read: ${(error as Error).message}`);
        return undefined;
      }
    case 'environmentVariable':
      cx.at('environment_variable').later('', {
        expected: 'filename, inline_string or inline_bytes',
      });
      return undefined;
  }
}
