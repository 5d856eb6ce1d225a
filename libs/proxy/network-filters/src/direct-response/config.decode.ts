import { readFileSync } from 'node:fs';
import type { DecodeContext } from '@weft/api-envoy';
import type { Config } from '@weft/api-envoy/gen/envoy/extensions/filters/network/direct_response/v3/config_pb';

/** The bytes to send; none where nothing is configured. A file is read now, and not again. */
export function decodeResponse(message: Config, cx: DecodeContext): Buffer | undefined {
  const specifier = message.response?.specifier;
  const at = cx.at('response');
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
        at.at('filename').error(`"${specifier.value}" cannot be read: ${(error as Error).message}`);
        return undefined;
      }
    case 'environmentVariable':
      at.at('environment_variable').error('is known to Envoy and not implemented by Weft yet', {
        expected: 'filename, inline_string or inline_bytes',
      });
      return undefined;
  }
}
