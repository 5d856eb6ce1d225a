import type { FieldSupport } from '@weft/api-envoy';
import { socketAddress, type SocketAddress } from '@weft/core-http';
import { libc, originalDestination } from '@weft/net-descriptors';
import { CONTINUE, type ListenerFilterFactory } from '@weft/proxy-filter-api';
import { isIPv6, type Socket } from 'node:net';

/** It has nothing to configure. */
export const originalDstSupport: FieldSupport = {
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': [],
};

/** How the system is asked for what a connection's destination was; undefined: it was not redirected. */
export interface OriginalDstConfig {
  readonly ask: (socket: Socket) => SocketAddress | undefined;
}

/** The original_dst listener filter: where a connection was going before iptables redirected it here. */
export const originalDstFactory: ListenerFilterFactory<OriginalDstConfig> = {
  typeName: 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  decode: (_message, cx) => {
    try {
      // Loaded here, so that a configuration that cannot have it is refused with the reason, and others do not pay for it.
      libc();
      return { ask };
    } catch (error) {
      cx.error(`cannot be used here: ${(error as Error).message}`);
      return undefined;
    }
  },
  prepare: (config) => ({
    create: (connection) => ({
      onAccept: () => {
        const address = config.ask(connection.socket);
        if (address === undefined) return CONTINUE;
        connection.localAddress = address;
        connection.localAddressRestored = true;
        return CONTINUE;
      },
    }),
    close: () => undefined,
  }),
};

function ask(socket: Socket): SocketAddress | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const { localAddress = '' } = socket;
  // An IPv4 client of an IPv6 socket: the kernel knows its destination by the IPv4 option.
  const family = isIPv6(localAddress) && !localAddress.startsWith('::ffff:') ? 'IPv6' : 'IPv4';
  const found = originalDestination(fd, family);
  return found && socketAddress(found.ip, found.port);
}

/** Undefined for a connection within the process. */
function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}
