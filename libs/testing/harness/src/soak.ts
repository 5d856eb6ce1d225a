import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { cluster, connectionManager, listener, routesOf } from './bootstraps.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { cpuSeconds, residentBytes } from './process-memory.ts';
import type { RunningProxy } from './proxy.ts';
import { openLane, SOAK_DOWNLOAD, SOAK_KINDS, type SoakKind, type SoakLane } from './soak-lanes.ts';
import { downstreamTls, http2Upstream } from './tls-bootstraps.ts';

const LANES_PER_KIND = 4;
const TICK_MS = 10;

export interface SoakSample {
  readonly seconds: number;
  readonly residentBytes: number;
}

export interface SoakResult {
  readonly requests: number;
  readonly connections: number;
  readonly perSecond: number;
  /** Of one core, the proxy's part. */
  readonly cpuShare: number;
  /** How often each error came. */
  readonly errors: ReadonlyMap<string, number>;
  readonly samples: readonly SoakSample[];
  /** The trend of resident memory behind the first third, in bytes a minute. */
  readonly slopePerMinute: number;
}

export interface SoakOptions {
  readonly seconds: number;
  /** Requests a second; Infinity: as many as go. */
  readonly perSecond: number;
  readonly sampleSeconds: number;
  readonly onSample?: (sample: SoakSample) => void;
}

/** Two upstreams in this process, and clients of each kind in front of whatever proxy runs `bootstrap`. */
export class SoakWorld {
  private readonly ca: CertificateAuthority;
  private readonly http1: http.Server;
  private readonly http2: http2.Http2Server;

  private constructor(ca: CertificateAuthority) {
    this.ca = ca;
    this.http1 = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
      if (request.method === 'POST') request.pipe(response);
      else response.end(SOAK_DOWNLOAD);
    });
    this.http2 = http2.createServer();
    this.http2.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
  }

  static async start(ca: CertificateAuthority): Promise<SoakWorld> {
    const world = new SoakWorld(ca);
    for (const server of [world.http1, world.http2]) {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      server.unref();
    }
    return world;
  }

  stop(): void {
    this.http1.closeAllConnections();
    this.http1.close();
    this.http2.close();
  }

  bootstrap(): object {
    const own = this.ca.issue('localhost');
    const port = (server: http.Server | http2.Http2Server): number => (server.address() as AddressInfo).port;
    const listeners = SOAK_KINDS.map((kind) => {
      const to = kind === 'gRPC' ? 'http2' : 'http1';
      const filter = connectionManager('soak', {
        codec_type: 'AUTO',
        ...routesOf({ match: { prefix: '/' }, route: { cluster: to, timeout: '0s' } }),
      });
      const alpn = kind.startsWith('HTTP/2') ? ['h2'] : ['http/1.1'];
      const secure = kind.endsWith('TLS') ? { transport_socket: downstreamTls(own, alpn) } : {};
      return { ...listener(kind, filter), filter_chains: [{ filters: [filter], ...secure }] };
    });
    const clusters = [cluster('http1', [port(this.http1)]), cluster('http2', [port(this.http2)], http2Upstream())];
    return { static_resources: { listeners, clusters } };
  }

  /** Loads a proxy with all kinds at once; counts every answer that was not right. */
  async run(proxy: RunningProxy, options: SoakOptions): Promise<SoakResult> {
    const pace = new Pace(options.perSecond);
    const lanes = SOAK_KINDS.flatMap((kind) =>
      Array.from({ length: LANES_PER_KIND }, () => ({
        kind,
        lane: openLane({ kind, port: proxy.port(kind), ca: this.ca.ca }),
      })),
    );
    const errors = new Map<string, number>();
    let requests = 0;
    const drive = async ({ kind, lane }: { kind: SoakKind; lane: SoakLane }): Promise<void> => {
      while (await pace.next()) {
        requests += 1;
        await lane.request().catch((error: Error) => {
          const what = `${kind}: ${error.message}`;
          errors.set(what, (errors.get(what) ?? 0) + 1);
        });
      }
    };
    const samples: SoakSample[] = [];
    const { pid } = proxy.process;
    const cpuBefore = cpuSeconds(pid);
    const began = performance.now();
    const elapsed = (): number => (performance.now() - began) / 1000;
    const sampling = setInterval(() => {
      const sample = { seconds: elapsed(), residentBytes: residentBytes(pid) };
      samples.push(sample);
      options.onSample?.(sample);
    }, options.sampleSeconds * 1000);
    const driving = Promise.all(lanes.map(drive));
    await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
    const perSecond = requests / elapsed();
    const cpuShare = (cpuSeconds(pid) - cpuBefore) / elapsed();
    pace.stop();
    await driving;
    clearInterval(sampling);
    for (const { lane } of lanes) lane.close();
    const connections = lanes.reduce((sum, { lane }) => sum + lane.connections, 0);
    return { requests, connections, perSecond, cpuShare, errors, samples, slopePerMinute: slopeOf(samples) };
  }
}

/** Lets so many through in a second, evenly. */
class Pace {
  private readonly perSecond: number;
  private readonly waiting: ((goOn: boolean) => void)[] = [];
  private readonly ticking: NodeJS.Timeout | undefined;
  private due = 0;
  private last = performance.now();
  private over = false;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    if (perSecond !== Infinity) this.ticking = setInterval(() => this.tick(), TICK_MS);
  }

  /** False: no more. */
  next(): Promise<boolean> {
    if (this.over) return Promise.resolve(false);
    if (this.ticking === undefined) return Promise.resolve(true);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  stop(): void {
    this.over = true;
    clearInterval(this.ticking);
    for (const resolve of this.waiting) resolve(false);
  }

  private tick(): void {
    const now = performance.now();
    // What nobody was there to take is not made up for.
    this.due = Math.min(this.due + ((now - this.last) / 1000) * this.perSecond, this.perSecond / 10);
    this.last = now;
    for (; this.due >= 1 && this.waiting.length > 0; this.due -= 1) this.waiting.shift()?.(true);
  }
}

/** Least squares over the last two thirds. */
function slopeOf(all: readonly SoakSample[]): number {
  const samples = all.slice(Math.ceil(all.length / 3));
  const mean = (of: (sample: SoakSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const at = mean(({ seconds }) => seconds);
  const level = mean(({ residentBytes: bytes }) => bytes);
  const spread = samples.reduce((sum, { seconds }) => sum + (seconds - at) ** 2, 0);
  const rise = samples.reduce((sum, { seconds, residentBytes: bytes }) => sum + (seconds - at) * (bytes - level), 0);
  return spread === 0 ? 0 : (rise / spread) * 60;
}
