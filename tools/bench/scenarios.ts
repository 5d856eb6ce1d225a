// What is measured, one entry a table. `figure` is what counts: smaller is better in all of them.
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findGoProgram, freePort, type CertificateAuthority, type IssuedCertificate } from '@weft/testing-harness';
import type { Hop } from './bootstraps.ts';
import { h2load, idleConnections, iperf, wrk, type Load } from './loads.ts';
import { cpuTime, listening, rssMb } from './measure.ts';
import { run, startUpstream, type Peer } from './peers.ts';

export interface World {
  readonly folder: string;
  readonly nginx: string;
  readonly seconds: number;
  /** Load before anything is counted: until engines that compile at run time have compiled what the load uses. */
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly ca: CertificateAuthority;
  readonly leaf: IssuedCertificate;
}

/** One peer, one round. */
export interface Sample {
  readonly figure: number;
  /** Of the figure, the part that the kernel spent; NaN where the figure is no CPU time. */
  readonly system: number;
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly rssMb: number;
  readonly errors: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly figure: string;
  /** The ratio to Envoy that we are after. */
  readonly target: number;
  readonly peers: readonly string[];
  measure(peer: Peer, world: World): Promise<Sample>;
}

type Shape = Omit<Hop, 'port' | 'upstreamPort'>;

/** Warms up, and reads what the proxy's process spent under the load. */
async function cpuPerUnit(
  processes: readonly ChildProcess[],
  load: (seconds: number) => Promise<Load>,
  world: World,
): Promise<Sample> {
  await load(world.warmUpSeconds);
  const before = cpuTime(processes);
  const result = await load(world.seconds);
  const after = cpuTime(processes);
  const perUnit = (spent: number): number => (spent * 1e6) / result.units;
  const system = after.system - before.system;
  return {
    figure: perUnit(after.user - before.user + system),
    system: perUnit(system),
    perSecond: result.units / result.seconds,
    p99Ms: result.p99Ms,
    rssMb: rssMb(processes),
    errors: result.errors,
  };
}

async function oneHop(
  peer: Peer,
  world: World,
  shape: Shape,
  load: (port: number, seconds: number) => Promise<Load>,
): Promise<Sample> {
  const [port, upstreamPort] = [await freePort(), await freePort()];
  const upstream = startUpstream(world.nginx, world.folder, upstreamPort, shape.upstream === 'HTTP2');
  const started = [upstream];
  try {
    await listening(upstreamPort, upstream);
    const proxy = peer.start(world.folder, { ...shape, port, upstreamPort }, 'http');
    started.push(proxy);
    await listening(port, proxy);
    return await cpuPerUnit([proxy], (seconds) => load(port, seconds), world);
  } finally {
    for (const child of started) child.kill('SIGKILL');
  }
}

const H1: Shape = { downstream: 'HTTP1', upstream: 'HTTP1' };
const H2: Shape = { downstream: 'HTTP2', upstream: 'HTTP2' };

const http1: Scenario = {
  name: 'http1',
  title: 'HTTP/1.1, keep-alive, 1 KiB answers',
  figure: 'CPU µs/request',
  target: 0.4,
  peers: ['weft', 'envoy', 'nginx', 'haproxy', 'node:http'],
  measure: (peer, world) =>
    oneHop(peer, world, H1, (port, seconds) =>
      wrk({ url: `http://127.0.0.1:${port}/`, connections: world.connections, seconds }),
    ),
};

const http1Tls: Scenario = {
  name: 'http1-tls',
  title: 'HTTP/1.1 over TLS, keep-alive, 1 KiB answers',
  figure: 'CPU µs/request',
  target: 0.7,
  peers: ['weft', 'envoy', 'nginx', 'haproxy'],
  measure: (peer, world) =>
    oneHop(peer, world, { ...H1, serves: { own: world.leaf } }, (port, seconds) =>
      wrk({ url: `https://127.0.0.1:${port}/`, connections: world.connections, seconds }),
    ),
};

const http2: Scenario = {
  name: 'http2',
  title: 'HTTP/2 to HTTP/2, 10 connections with 10 streams each, 1 KiB answers',
  figure: 'CPU µs/request',
  target: 0.25,
  peers: ['weft', 'envoy', 'haproxy'],
  measure: (peer, world) =>
    oneHop(peer, world, H2, (port, seconds) =>
      h2load({ url: `http://127.0.0.1:${port}/`, connections: 10, streams: 10, seconds }),
    ),
};

/** UnaryCall of grpc-go's interoperability server: asks for 1 KiB. */
const UNARY_CALL = Buffer.from([0, 0, 0, 0, 3, 0x10, 0x80, 0x08]);

const grpc: Scenario = {
  name: 'grpc',
  title: 'gRPC unary through two proxies, mutual TLS between them',
  figure: 'CPU µs/call, both proxies',
  target: 0.4,
  peers: ['weft', 'envoy'],
  async measure(peer, world) {
    const program = await findGoProgram('grpc-interop-server');
    if ('reason' in program) throw new Error(program.reason);
    const [outbound, inbound, server] = [await freePort(), await freePort(), await freePort()];
    const { leaf, ca, folder } = world;
    const started = [run(program.binary, ['-port', String(server)])];
    try {
      await listening(server, started[0] as ChildProcess);
      const first = {
        ...H2,
        port: outbound,
        upstreamPort: inbound,
        dials: { own: leaf, caFile: ca.caFile, sni: 'localhost' },
      };
      const second = { ...H2, port: inbound, upstreamPort: server, serves: { own: leaf, clientCa: ca.caFile } };
      const proxies = [peer.start(folder, first, 'http'), peer.start(folder, second, 'http')];
      started.push(...proxies);
      await listening(outbound, proxies[0] as ChildProcess);
      await listening(inbound, proxies[1] as ChildProcess);
      const file = join(folder, 'unary-call');
      writeFileSync(file, UNARY_CALL);
      const args = ['-d', file, '-H', 'content-type: application/grpc', '-H', 'te: trailers'];
      const url = `http://127.0.0.1:${outbound}/grpc.testing.TestService/UnaryCall`;
      return await cpuPerUnit(
        proxies,
        (seconds) => h2load({ url, connections: 10, streams: 10, seconds, args }),
        world,
      );
    } finally {
      for (const child of started) child.kill('SIGKILL');
    }
  },
};

const RATE = 3000;

const p99: Scenario = {
  name: 'p99',
  title: `HTTP/1.1 at ${RATE} requests/s over 50 connections`,
  figure: 'p99 ms',
  target: 1,
  peers: ['weft', 'envoy', 'nginx', 'haproxy'],
  async measure(peer, world) {
    const args = ['--h1', `--rps=${RATE / 50}`];
    // Its times are to be good from early on.
    const sample = await oneHop(peer, { ...world, warmUpSeconds: 1 }, H1, (port, seconds) =>
      h2load({ url: `http://127.0.0.1:${port}/`, connections: 50, streams: 1, seconds, args, logFolder: world.folder }),
    );
    return { ...sample, figure: sample.p99Ms, system: NaN };
  },
};

const tcp: Scenario = {
  name: 'tcp',
  title: '1 GiB through tcp_proxy',
  figure: 'CPU µs/MiB',
  target: 1,
  peers: ['weft', 'envoy', 'haproxy'],
  async measure(peer, world) {
    const [port, upstreamPort] = [await freePort(), await freePort()];
    const upstream = run('iperf3', ['-s', '-p', String(upstreamPort), '-B', '127.0.0.1']);
    const started = [upstream];
    try {
      await listening(upstreamPort, upstream);
      const proxy = peer.start(world.folder, { ...H1, port, upstreamPort }, 'tcp');
      started.push(proxy);
      await wait(500);
      await listening(port, proxy);
      // Its server takes one client at a time; the look at the port was one.
      await wait(500);
      return await cpuPerUnit([proxy], () => iperf(port, 1), world);
    } finally {
      for (const child of started) child.kill('SIGKILL');
    }
  },
};

const IDLE_CONNECTIONS = 10_000;

const idle: Scenario = {
  name: 'idle',
  title: `${IDLE_CONNECTIONS.toLocaleString('en')} idle connections`,
  figure: 'RSS MiB',
  target: 1,
  peers: ['weft', 'envoy', 'nginx'],
  async measure(peer, world) {
    const [port, upstreamPort] = [await freePort(), await freePort()];
    const proxy = peer.start(world.folder, { ...H1, port, upstreamPort }, 'http');
    try {
      await listening(port, proxy);
      const connections = await idleConnections(port, IDLE_CONNECTIONS);
      await wait(2000);
      const figure = rssMb([proxy]);
      connections.close();
      const errors = IDLE_CONNECTIONS - connections.open;
      return { figure, system: NaN, perSecond: NaN, p99Ms: NaN, rssMb: figure, errors };
    } finally {
      proxy.kill('SIGKILL');
    }
  },
};

const start: Scenario = {
  name: 'start',
  title: 'From start to the first accepted connection',
  figure: 'ms',
  target: 1,
  peers: ['weft', 'envoy', 'nginx', 'haproxy'],
  async measure(peer, world) {
    const [port, upstreamPort] = [await freePort(), await freePort()];
    const began = performance.now();
    const proxy = peer.start(world.folder, { ...H1, port, upstreamPort }, 'http');
    try {
      await listening(port, proxy, 2);
      return {
        figure: performance.now() - began,
        system: NaN,
        perSecond: NaN,
        p99Ms: NaN,
        rssMb: rssMb([proxy]),
        errors: 0,
      };
    } finally {
      proxy.kill('SIGKILL');
    }
  },
};

export const SCENARIOS: readonly Scenario[] = [http1, http1Tls, http2, grpc, p99, tcp, idle, start];
