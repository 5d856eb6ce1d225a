import type { FieldSupport } from '@weft/api-envoy';
import { loadOriginalDestination, type OriginalDestination } from '@weft/net-tcp';
import { CONTINUE, type ListenerFilterFactory } from '@weft/proxy-filter-api';

/** It has nothing to configure. */
export const originalDstSupport: FieldSupport = {
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': [],
};

/** How the system is asked. Found out when the first configuration asks for it. */
export interface OriginalDstConfig {
  readonly ask: () => OriginalDestination | string;
}

let loaded: OriginalDestination | string | undefined;

function ask(): OriginalDestination | string {
  loaded ??= loadOriginalDestination();
  return loaded;
}

/** The original_dst listener filter: where a connection was going before iptables redirected it here. */
export const originalDstFactory: ListenerFilterFactory<OriginalDstConfig> = {
  typeName: 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  implied: { ask },
  decode: (_message, cx) => {
    const original = ask();
    if (typeof original !== 'string') return { ask };
    cx.error(`cannot be used here: ${original}`);
    return undefined;
  },
  prepare: (config, server) => {
    const original = config.ask();
    if (typeof original === 'string')
      server.runtime.loggers.get('config').error(`original_dst has no effect: ${original}`);
    return {
      create: (connection) => ({
        onAccept: () => {
          const address = typeof original === 'string' ? undefined : original(connection.socket);
          if (address === undefined) return CONTINUE;
          connection.localAddress = address;
          connection.localAddressRestored = true;
          return CONTINUE;
        },
      }),
      close: () => undefined,
    };
  },
};
