import type { SocketAddress } from '@weft/core-http';
import {
  endpointAddressText,
  type EndpointAddress,
  type EndpointMetadata,
  type HealthStatus,
  type Locality,
} from '@weft/model-cluster';
import type { ConnectTarget } from '@weft/net-tcp';
import type { Host, HostStats } from '@weft/proxy-filter-api';
import type { HostSocket } from './host-sockets.ts';
import type { HttpPool } from './http-pool.ts';
import type { TlsTrouble } from './tls-trouble.ts';

/** What /clusters shows of a host. The pools count connections and requests, the router how requests ended. */
export class UpstreamHostStats implements HostStats {
  rqSuccess = 0;
  rqError = 0;
  rqTimeout = 0;
  rqTotal = 0;
  rqActive = 0;
  rqPendingActive = 0;
  cxTotal = 0;
  cxActive = 0;
  cxConnectFail = 0;
}

export interface HostOptions {
  readonly endpoint: EndpointAddress;
  /** The name it was configured by; `''` for plain addresses. */
  readonly hostname: string;
  readonly weight: number;
  readonly healthStatus: HealthStatus;
  readonly locality: Locality;
  readonly priority: number;
  /** Other addresses of the same host, in the order to try them. Default none. */
  readonly alternatives?: readonly SocketEndpoint[];
  /** What its endpoint is labelled with. Default nothing. */
  readonly metadata?: EndpointMetadata;
}

export type SocketEndpoint = EndpointAddress & { kind: 'socket' };

/**
 * One upstream host. It keeps its identity, stats and connections while updates only move its weight, health or priority.
 * The address of a logical host is the one that its name resolved to last.
 */
export class UpstreamHost implements Host {
  readonly stats = new UpstreamHostStats();
  readonly hostname: string;
  readonly locality: Locality;
  /** What its endpoint is labelled with, by filter name. */
  readonly metadata: EndpointMetadata;
  readonly socket: HostSocket;
  endpoint: EndpointAddress;
  /** What `connect` may use where `endpoint` does not answer. */
  alternatives: readonly ConnectTarget[];
  address: SocketAddress;
  weight: number;
  healthStatus: HealthStatus;
  priority: number;
  /** What was said of its TLS already. */
  tlsTrouble: TlsTrouble = '';
  /** What ALPN chose last, where a cluster leaves the protocol to it; `''`: nothing yet. */
  lastAlpn: '' | 'h2' | 'http/1.1' = '';
  /** The pools of what is the cluster's usual kind of connection, one for each routing priority, made when first needed. */
  readonly pools: { default: HttpPool | undefined; high: HttpPool | undefined } = {
    default: undefined,
    high: undefined,
  };
  /** Those whose kind depends on the request, by priority and key. Dropped when they run empty. */
  readonly otherPools = new Map<string, HttpPool>();
  /** True once the host is out of the cluster: its connections close when their requests are done. */
  removed = false;

  constructor(options: HostOptions, socket: HostSocket) {
    this.socket = socket;
    this.metadata = options.metadata ?? {};
    this.hostname = options.hostname;
    this.locality = options.locality;
    this.endpoint = options.endpoint;
    this.alternatives = (options.alternatives ?? []).map(targetOf);
    this.address = addressOf(options.endpoint);
    this.weight = options.weight;
    this.healthStatus = options.healthStatus;
    this.priority = options.priority;
  }

  /** The logical host moved: new connections go to `endpoint`, those that exist stay. */
  moveTo(endpoint: EndpointAddress, alternatives: readonly SocketEndpoint[]): void {
    this.endpoint = endpoint;
    this.alternatives = alternatives.map(targetOf);
    this.address = addressOf(endpoint);
  }

  /** Out of the cluster: idle connections close now, busy ones after their requests. */
  drain(): void {
    this.removed = true;
    for (const pool of this.allPools()) pool.drain();
  }

  allPools(): HttpPool[] {
    const { default: normal, high } = this.pools;
    return [
      ...(normal === undefined ? [] : [normal]),
      ...(high === undefined ? [] : [high]),
      ...this.otherPools.values(),
    ];
  }
}

function targetOf({ host, port }: SocketEndpoint): ConnectTarget {
  return { address: host, port };
}

function addressOf(endpoint: EndpointAddress): SocketAddress {
  const text = endpointAddressText(endpoint);
  return endpoint.kind === 'socket' ? { ip: endpoint.host, port: endpoint.port, text } : { ip: text, port: 0, text };
}
