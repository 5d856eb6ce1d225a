import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Config } from '@weft/api-envoy/gen/envoy/extensions/filters/network/direct_response/v3/config_pb';
import type { ConnectionHandler, NetworkFilterFactory } from '@weft/proxy-filter-api';
import { decodeDataSource } from '../data-source.decode.ts';

const TYPE = 'envoy.extensions.filters.network.direct_response.v3.Config';

export const directResponseSupport: FieldSupport = {
  [TYPE]: ['response'],
  'envoy.config.core.v3.DataSource': ['filename', 'inline_bytes', 'inline_string'],
};

/** The direct_response network filter: sends fixed bytes to each client, and closes. */
export const directResponseFactory: NetworkFilterFactory<Buffer> = {
  typeName: TYPE,
  decode: (message: Message, cx: DecodeContext) => decodeDataSource((message as Config).response, cx.at('response')),
  prepare: (response) => ({
    create: ({ transport }) => {
      if (response.length > 0) transport.write(response);
      transport.close();
      return NOTHING_MORE;
    },
    close: () => undefined,
  }),
};

const NOTHING_MORE: ConnectionHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
  drain: () => undefined,
};
