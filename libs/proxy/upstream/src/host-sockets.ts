import type { Counter, StatsScope } from '@weft/core-stats';
import {
  matchTransportSocket,
  type ClusterConfig,
  type EndpointMetadata,
  type ProxyProtocol,
  type TransportSocket,
} from '@weft/model-cluster';
import type { SslStats } from '@weft/proxy-transport-sockets';
import { UpstreamTlsContexts } from './tls-contexts.ts';
import type { ClusterWorld } from './upstream-cluster.ts';

/** How bytes travel to a host. */
export interface HostSocket {
  /** Undefined: plain bytes. */
  readonly tls: UpstreamTlsContexts | undefined;
  readonly proxyProtocol: ProxyProtocol | undefined;
}

interface Counted extends HostSocket {
  readonly matched: Counter;
}

/** The transport sockets of one cluster, compiled: its usual one, and those of hosts with certain labels. */
export class HostSockets {
  readonly usual: HostSocket;
  private readonly config: ClusterConfig;
  private readonly byName = new Map<string, Counted>();
  private readonly usualMatched: Counter;

  /** `scope` is the cluster's. */
  constructor(config: ClusterConfig, world: ClusterWorld, stats: { scope: StatsScope; ssl: SslStats | undefined }) {
    this.config = config;
    const { scope, ssl } = stats;
    const compile = ({ tls, proxyProtocol }: TransportSocket): HostSocket => ({
      tls: tls && ssl && new UpstreamTlsContexts(tls, { ...world, scope, ssl, cluster: config.name }),
      proxyProtocol,
    });
    this.usual = compile(config.transportSocket);
    this.usualMatched = stats.scope.counter('default.total_match_count');
    for (const match of config.transportSocketMatches)
      this.byName.set(match.name, {
        ...compile(match),
        matched: stats.scope.counter(`${match.name}.total_match_count`),
      });
  }

  /** Resolves when all secrets have come, or came too late to be waited for. Undefined: none is waited for. */
  get pending(): Promise<unknown> | undefined {
    const all = [this.usual, ...this.byName.values()].flatMap(({ tls }) => tls?.pending ?? []);
    return all.length === 0 ? undefined : Promise.all(all);
  }

  /** Watches no certificates any more. */
  close(): void {
    for (const { tls } of [this.usual, ...this.byName.values()]) tls?.close();
  }

  /** The socket of a host with these labels. */
  for(metadata: EndpointMetadata): HostSocket {
    const match = matchTransportSocket(this.config.transportSocketMatches, metadata);
    const socket = match && this.byName.get(match.name);
    if (socket === undefined) {
      this.usualMatched.inc();
      return this.usual;
    }
    socket.matched.inc();
    return socket;
  }
}

/** All transport sockets that a cluster may use. */
export function socketsOf(config: ClusterConfig): readonly TransportSocket[] {
  return [config.transportSocket, ...config.transportSocketMatches];
}
