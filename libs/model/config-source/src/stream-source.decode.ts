import type { DecodeContext } from '@weft/api-envoy';
import type { ConfigSource as Message } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import { decodeConfigSource } from './config-source.decode.ts';
import type { ConfigSource } from './config-source.ts';

/** A source that can be asked for more while it serves, and the collection that it serves from. */
export interface StreamSource {
  readonly source: ConfigSource;
  /** `xdstp://…`; `''`: none. */
  readonly resourcesLocator: string;
}

/** For what comes on demand. Faults go to the places given: neither files nor REST can be asked for one thing more. */
export function decodeStreamSource(
  message: Message | undefined,
  resourcesLocator: string,
  places: { readonly source: DecodeContext; readonly locator: DecodeContext },
): StreamSource | undefined {
  const source = decodeConfigSource(message, places.source);
  if (source === undefined) return undefined;
  if (source.kind === 'file' || (source.kind === 'api' && source.apiType === 'REST')) {
    places.source.error('cannot be asked for one resource more', { expected: 'ads, or an api_type with DELTA_GRPC' });
    return undefined;
  }
  if (resourcesLocator !== '' && !resourcesLocator.startsWith('xdstp://')) {
    places.locator.error(`"${resourcesLocator}" is no resource locator`, { expected: 'xdstp://…' });
    return undefined;
  }
  return { source, resourcesLocator };
}
