import type { TLSSocket } from 'node:tls';
import type { TlsConnectionInfo } from '@weft/core-http';
import type { StatsScope } from '@weft/core-stats';
import type { UpstreamTls } from '@weft/model-tls';
import { ClientTlsContext, clientGroup } from '@weft/net-tls';
import { createTlsClientContext, type TlsClientContext } from '@weft/net-tcp';
import {
  TlsSource,
  tlsFault,
  type TlsFault,
  unnamed,
  type ResolvedTls,
  type SslStats,
  type TlsServices,
  type TlsSourceOptions,
  type TlsWorld,
} from '@weft/proxy-transport-sockets';
import type { UpstreamHost } from './host.ts';
import type { PoolKind } from './pool-kind.ts';

/** What TLS of a cluster needs of it. */
export interface ClusterTlsWorld extends TlsServices {
  readonly tls: TlsWorld;
  /** `cluster.<name>.` */
  readonly scope: StatsScope;
  readonly ssl: SslStats;
  readonly cluster: string;
}

/** What connections use until the certificates change. */
interface Compiled {
  readonly context: ClientTlsContext;
  /** By SNI and protocols: each has its own sessions. */
  readonly clients: Map<string, TlsClientContext>;
}

/** How many names and protocols keep their sessions. */
const MAX_CLIENTS = 1000;

/** TLS of one cluster, compiled: keys and certificates are read here, and again when their files or secrets change. */
export class UpstreamTlsContexts {
  private readonly tls: UpstreamTls;
  private readonly world: ClusterTlsWorld;
  private readonly source: TlsSource<Compiled>;
  private readonly infos = new WeakMap<TLSSocket, TlsConnectionInfo>();
  /** Refuses every peer: what a cluster has whose secrets have not come. */
  private readonly notReady: TlsClientContext;

  constructor(tls: UpstreamTls, world: ClusterTlsWorld) {
    this.tls = tls;
    this.world = world;
    const factory = world.scope.scope('client_ssl_socket_factory.');
    const updates = factory.counter('ssl_context_update_by_sds');
    const notReady = factory.counter('upstream_context_secrets_not_ready');
    factory.counter('downstream_context_secrets_not_ready');
    this.notReady = createTlsClientContext({
      judge: () => {
        notReady.inc();
        return 'Secret is not supplied by SDS';
      },
    });
    this.source = new TlsSource(sourceOptions(tls, world.tls), world, {
      place: `cluster "${world.cluster}"`,
      rotationFailed: factory.counter('key_rotation_failed'),
      onReplaced: (by) => {
        if (by === 'secret') updates.inc();
        this.tellExpiry();
      },
    });
    this.tellExpiry();
  }

  /** Resolves when its secrets have come, or came too late to be waited for. Undefined: it waits for none. */
  get pending(): Promise<void> | undefined {
    return this.source.pending;
  }

  /** What its configuration names, as it was read; undefined while secrets are missing. */
  get resolved(): ResolvedTls | undefined {
    return this.source.resolved;
  }

  /** Epoch milliseconds at which the first of its certificates expires; undefined without certificates. */
  get expiryMs(): number | undefined {
    const { own, peerRules } = this.source.current?.context ?? {};
    const times = [...(own?.chain ?? []), ...(peerRules?.trustedCa ?? [])].map(({ validToMs }) => validToMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Whom the cluster's own certificate names; `''` where it has none. */
  get ownName(): string {
    const leaf = this.source.current?.context.own?.leaf;
    return leaf?.uriSans[0] ?? leaf?.dnsSans[0] ?? leaf?.subject ?? '';
  }

  forHost(host: UpstreamHost, kind: PoolKind): TlsClientContext {
    const { tls, source } = this;
    const { current } = source;
    if (current === undefined) return this.notReady;
    const sni = kind.sni ?? (tls.autoHostSni && host.hostname !== '' ? host.hostname : tls.sni);
    const alpn = tls.common.alpnProtocols.length > 0 ? tls.common.alpnProtocols : kind.alpn;
    const key = `${sni} ${alpn.join()}`;
    const known = current.clients.get(key);
    if (known !== undefined) return known;
    const client = createTlsClientContext({
      serverName: sni,
      alpn,
      secureContext: current.context.secure,
      resume: tls.maxSessionKeys > 0,
      judge: (socket) => this.judge(current.context, socket, sni),
    });
    // With auto_sni the names are the clients': what they send must not fill the memory.
    const [oldest] = current.clients.size >= MAX_CLIENTS ? current.clients.keys() : [];
    if (oldest !== undefined) current.clients.delete(oldest);
    current.clients.set(key, client);
    return client;
  }

  /** What the handshake of a socket said, which was judged here. */
  infoOf(socket: TLSSocket): TlsConnectionInfo | undefined {
    return this.infos.get(socket);
  }

  /** Watches no files and secrets any more; what is there goes on being used. */
  close(): void {
    this.source.close();
  }

  private judge(context: ClientTlsContext, socket: TLSSocket, sni: string): string | undefined {
    const { ssl } = this.world;
    const { verdict, info, keyUsageWrong } = context.judge(socket, sni);
    if (keyUsageWrong) ssl.wasKeyUsageInvalid.inc();
    if (verdict.counted !== undefined) ssl.failed(verdict.counted);
    if (verdict.kind === 'refused') return verdict.reason;
    this.infos.set(socket, info);
    ssl.secured(info, socket.isSessionReused(), clientGroup(socket));
    return undefined;
  }

  private tellExpiry(): void {
    const { own, peerRules } = this.source.current?.context ?? {};
    const { resolved } = this.source;
    const { ssl } = this.world;
    if (own !== undefined) ssl.expires(resolved?.certificateNames[0] ?? '', own.leaf.validToMs);
    const [ca] = peerRules?.trustedCa ?? [];
    if (ca !== undefined) ssl.expires(unnamed('unnamed_ca_cert', resolved?.parts.validation?.trustedCa), ca.validToMs);
  }
}

/** What is wrong with the keys and certificates of a cluster, and where; undefined when nothing is. */
export function upstreamTlsFault(tls: UpstreamTls | undefined, world: TlsWorld): TlsFault | undefined {
  return tls && tlsFault(sourceOptions(tls, world));
}

function sourceOptions(tls: UpstreamTls, world: TlsWorld): TlsSourceOptions<Compiled> {
  return {
    common: tls.common,
    ticketKeys: [],
    ticketKeysSecret: undefined,
    world,
    build: ({ parts, material }) => ({
      context: new ClientTlsContext(tls, parts.validation, material),
      clients: new Map(),
    }),
  };
}
