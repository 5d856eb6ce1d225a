import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext } from '@weft/api-envoy';
import type { DownstreamTlsContext } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { Clock } from '@weft/core-runtime';
import { decodeDownstreamTls, type DownstreamTls } from '@weft/model-tls';
import { ServerTlsContext } from '@weft/net-tls';
import type { CertificateStatus } from '@weft/observe-admin';
import type { ListenerFacts, ServerContext, TransportSocketFactory } from '@weft/proxy-filter-api';
import { certificateStatus } from './certificate-status.ts';
import { DownstreamTlsSocket } from './downstream-tls-socket.ts';
import { tlsFault, type TlsSourceOptions } from './tls-source.ts';
import type { TlsWorld } from './tls-world.ts';

/** `envoy.transport_sockets.tls` of listeners. One for each proxy: it knows the certificates in use. */
export class DownstreamTlsFactory implements TransportSocketFactory<DownstreamTls> {
  readonly typeName = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
  private readonly world: TlsWorld;
  private readonly live = new Set<DownstreamTlsSocket>();

  constructor(world: TlsWorld) {
    this.world = world;
  }

  decode(message: Message, cx: DecodeContext): DownstreamTls | undefined {
    const warnings = cx.warnings.length;
    const config = decodeDownstreamTls(message as DownstreamTlsContext, cx);
    // What comes later was passed over; the rest may not stand without it.
    if (config === undefined || cx.warnings.length > warnings) return config;
    const fault = tlsFault(sourceOptions(config, this.world));
    if (fault === undefined) return config;
    cx.at('common_tls_context', ...fault.at).error(fault.message);
    return undefined;
  }

  prepare(config: DownstreamTls, server: ServerContext, listener: ListenerFacts): DownstreamTlsSocket {
    const socket = new DownstreamTlsSocket(sourceOptions(config, this.world), server, listener, () =>
      this.live.delete(socket),
    );
    this.live.add(socket);
    return socket;
  }

  /** For /certs. */
  certificates(clock: Clock): CertificateStatus[] {
    return [...this.live].flatMap((socket) => certificateStatus(socket.resolved, clock) ?? []);
  }

  /** Epoch milliseconds at which the first certificate expires; undefined without certificates. */
  get firstExpiryMs(): number | undefined {
    const times = [...this.live].flatMap((socket) => socket.expiryMs ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}

function sourceOptions(config: DownstreamTls, world: TlsWorld): TlsSourceOptions<ServerTlsContext> {
  return {
    common: config.common,
    ticketKeys: config.sessionTicketKeys,
    ticketKeysSecret: config.sessionTicketKeysSecret,
    world,
    build: ({ parts, material }) => new ServerTlsContext(config, parts.validation, material, world.ticketSecret),
  };
}
