import { cluster, connectionManager, listener, routesOf } from './bootstraps.ts';
import {
  BulkUpstream,
  download,
  upload,
  type BulkCodec,
  type BulkTarget,
  type Gate,
  type Received,
} from './bulk-peers.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { forgetPeak, peakResidentBytes, residentBytes } from './process-memory.ts';
import type { RunningProxy } from './proxy.ts';
import { downstreamTls, http2Upstream, upstreamTls } from './tls-bootstraps.ts';

/** Two codecs with the proxy between them. */
export interface BulkPair {
  readonly name: string;
  readonly downstream: BulkCodec;
  readonly upstream: BulkCodec;
  /** On both hops. */
  readonly tls: boolean;
}

export const BULK_PAIRS: readonly BulkPair[] = [
  { name: 'h1_to_h1', downstream: 'http1', upstream: 'http1', tls: false },
  { name: 'h1_to_h2', downstream: 'http1', upstream: 'http2', tls: false },
  { name: 'h2_to_h1', downstream: 'http2', upstream: 'http1', tls: false },
  { name: 'h2_to_h2', downstream: 'http2', upstream: 'http2', tls: false },
  { name: 'h2_to_h2_tls', downstream: 'http2', upstream: 'http2', tls: true },
];

/** What became of one transfer. */
export interface BulkResult extends Received {
  readonly seconds: number;
  /** By how much the proxy's resident memory was above what it was before, at most. */
  readonly growthBytes: number;
}

/** The peers of all pairs, for one proxy after another. */
export class BulkWorld {
  private readonly ca: CertificateAuthority;
  private readonly upstreams: ReadonlyMap<string, BulkUpstream>;

  private constructor(ca: CertificateAuthority, upstreams: ReadonlyMap<string, BulkUpstream>) {
    this.ca = ca;
    this.upstreams = upstreams;
  }

  static async start(ca: CertificateAuthority): Promise<BulkWorld> {
    const leaf = ca.issue('localhost');
    const upstreams = new Map<string, BulkUpstream>();
    for (const { name, upstream, tls } of BULK_PAIRS)
      upstreams.set(name, await BulkUpstream.start(upstream, tls ? leaf : undefined));
    return new BulkWorld(ca, upstreams);
  }

  async stop(): Promise<void> {
    for (const upstream of this.upstreams.values()) await upstream.stop();
  }

  /** A listener, a connection manager and a cluster for each pair, all by the pair's name. */
  bootstrap(): object {
    return {
      static_resources: {
        listeners: BULK_PAIRS.map((pair) => this.listenerOf(pair)),
        clusters: BULK_PAIRS.map(({ name, upstream, tls }) =>
          cluster(name, [this.upstream(name).port], {
            ...(upstream === 'http2' ? http2Upstream() : {}),
            ...(tls ? { transport_socket: this.towardsUpstream() } : {}),
          }),
        ),
      },
    };
  }

  private listenerOf({ name, downstream, tls }: BulkPair): object {
    const filter = connectionManager(name, {
      codec_type: downstream === 'http1' ? 'HTTP1' : 'HTTP2',
      ...routesOf({ match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } }),
    });
    const secure = tls ? { transport_socket: downstreamTls(this.ca.issue('localhost'), ['h2']) } : {};
    return { ...listener(name, filter), filter_chains: [{ filters: [filter], ...secure }] };
  }

  private towardsUpstream(): object {
    return upstreamTls({ caFile: this.ca.caFile, sni: 'localhost', alpn: ['h2'] });
  }

  private upstream(name: string): BulkUpstream {
    return this.upstreams.get(name) as BulkUpstream;
  }

  /**
   * `bytes` up through one pair. The upstream stops reading after a quarter, until the proxy's counters say that it has
   * stopped reading from the client.
   */
  async up(proxy: RunningProxy, pair: BulkPair, bytes: number): Promise<BulkResult> {
    const backedUp = `cluster.${pair.name}.upstream_flow_control_backed_up_total`;
    const paused = `http.${pair.name}.downstream_flow_control_paused_reading_total`;
    const gate = await gateAt(proxy, bytes >> 2, [backedUp, paused]);
    this.upstream(pair.name).gate = gate;
    return measured(proxy, () => upload(this.target(proxy, pair), bytes));
  }

  /** `bytes` down. The client stops reading after a quarter, until the proxy has stopped reading from the upstream. */
  async down(proxy: RunningProxy, pair: BulkPair, bytes: number): Promise<BulkResult> {
    const gate = await gateAt(proxy, bytes >> 2, [`cluster.${pair.name}.upstream_flow_control_paused_reading_total`]);
    return measured(proxy, () => download(this.target(proxy, pair), bytes, gate));
  }

  /** A transfer without a gate. */
  async warmUp(proxy: RunningProxy, pair: BulkPair, bytes: number): Promise<void> {
    await upload(this.target(proxy, pair), bytes);
    await download(this.target(proxy, pair), bytes);
  }

  private target(proxy: RunningProxy, { name, downstream, tls }: BulkPair): BulkTarget {
    return { port: proxy.port(name), codec: downstream, ...(tls ? { ca: this.ca.ca } : {}) };
  }
}

async function gateAt(proxy: RunningProxy, atBytes: number, counters: readonly string[]): Promise<Gate> {
  const before = await proxy.stats();
  const open = async (): Promise<void> => {
    for (const name of counters) await proxy.statReaches(name, (value) => value > (before.get(name) ?? 0));
  };
  return { atBytes, open };
}

async function measured(proxy: RunningProxy, transfer: () => Promise<Received>): Promise<BulkResult> {
  const { pid } = proxy.process;
  const before = residentBytes(pid);
  forgetPeak(pid);
  const began = performance.now();
  const received = await transfer();
  const seconds = (performance.now() - began) / 1000;
  return { ...received, seconds, growthBytes: peakResidentBytes(pid) - before };
}
