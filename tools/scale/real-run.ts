import { createRuntime } from '@weft/core-runtime';
import { GrpcServer } from '@weft/net-grpc';
import { Debouncer, XdsServer } from '@weft/xds-server';
import { Convergence, heapBytes, percentile, type Figures } from './figures.ts';
import { Fleet } from './fleet-process.ts';
import { Mesh, type Scale } from './mesh.ts';

const ROUNDS = 10;

/** One scale over real gRPC streams on loopback: this process serves, another has the proxies, a connection each. */
export async function realRun(scale: Scale): Promise<Figures> {
  const runtime = createRuntime('error', (line) => process.stderr.write(line));
  const metrics = new Convergence();
  const mesh = new Mesh(scale);
  const server = new XdsServer({ cache: mesh.cache, runtime, metrics });
  const grpc = new GrpcServer({ services: server.services, timers: runtime.timers });
  const target = await grpc.listen({ address: '127.0.0.1:0' });
  const idleBytes = await heapBytes();
  const began = performance.now();
  const fleet = new Fleet('synthetic', target, scale);
  try {
    await fleet.heard('ready');
    const startMs = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const memoryBytes = (await heapBytes()) - idleBytes;
    const before = await fleet.wireBytes();
    const { times, concerned } = await changes(mesh, { scale, metrics, runtime });
    const wire = ((await fleet.wireBytes()) - before) / ROUNDS;
    const [p50Ms, p99Ms] = [percentile(times, 0.5), percentile(times, 0.99)];
    return { p50Ms, p99Ms, wireBytes: wire, concerned, startMs, memoryBytes };
  } finally {
    fleet.stop();
    await grpc.stop(0);
  }
}

interface ChangeWorld {
  readonly scale: Scale;
  readonly metrics: Convergence;
  readonly runtime: ReturnType<typeof createRuntime>;
}

async function changes(
  mesh: Mesh,
  { scale, metrics, runtime }: ChangeWorld,
): Promise<{ times: number[]; concerned: number }> {
  const times: number[] = [];
  let concerned = 0;
  metrics.times.length = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const changedMs = performance.now();
    let waitedMs = 0;
    concerned = 0;
    const debouncer = new Debouncer({ ...runtime, metrics }, () => {
      waitedMs = performance.now() - changedMs;
      concerned = mesh.change((round * 37) % scale.services, 10_000 + round);
    });
    debouncer.trigger('endpoint');
    while (concerned === 0 || metrics.times.length < concerned) await new Promise((resolve) => setTimeout(resolve, 20));
    times.push(...metrics.times.splice(0).map((ms) => ms + waitedMs));
  }
  return { times, concerned };
}
