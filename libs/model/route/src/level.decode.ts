import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext } from '@weft/api-envoy';
import type { HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { decodeHeaderMutation } from '@weft/model-policy';
import type { Level } from './level.ts';
import type { RouteDecodeOptions } from './decode-surroundings.ts';

interface LevelFields {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
  readonly typedPerFilterConfig: Readonly<Record<string, Any>>;
}

export function decodeLevel(message: LevelFields, options: RouteDecodeOptions, cx: DecodeContext): Level {
  const configs = cx.at('typed_per_filter_config');
  return {
    request: decodeHeaderMutation(
      { direction: 'request', add: message.requestHeadersToAdd, remove: message.requestHeadersToRemove },
      cx,
    ),
    response: decodeHeaderMutation(
      { direction: 'response', add: message.responseHeadersToAdd, remove: message.responseHeadersToRemove },
      cx,
    ),
    filterConfigs: new Map(
      Object.entries(message.typedPerFilterConfig).map(([name, any]) => [
        name,
        options.filterConfig ? options.filterConfig(name, any, configs.at(name)) : any,
      ]),
    ),
  };
}
