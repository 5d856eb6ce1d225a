import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Loggers, createSystemRandom } from '@weft/core-runtime';
import { Debouncer, XdsServer } from '@weft/xds-server';
import { Convergence, heapBytes, percentile, type Figures } from './figures.ts';
import { Mesh, nameOf, proxyId, scopeOf, type Scale } from './mesh.ts';
import { ThinProxy, encodeNames, type Subscriptions } from './thin-proxy.ts';
import { VirtualNetwork } from './virtual-network.ts';

const LATENCY_MS = 1;
/** Changes come one after another, each when the last has arrived everywhere. */
const ROUNDS = 10;

/** One scale in virtual time, over streams in memory. */
export async function virtualRun(scale: Scale): Promise<Figures> {
  const net = new VirtualNetwork(LATENCY_MS);
  const metrics = new Convergence();
  const mesh = new Mesh(scale);
  const loggers = new Loggers(net, 'off', () => undefined);
  const runtime = { clock: net, timers: net, random: createSystemRandom(), loggers };
  const server = new XdsServer({ cache: mesh.cache, runtime, metrics });
  const idleBytes = await heapBytes();
  const shared = scale.scope === 'all' ? subscriptionsOfProxy(scale, 0) : undefined;
  let ready = 0;
  let readyMs = 0;
  const startMs = net.nowMs();
  const proxies = Array.from({ length: scale.proxies }, (_, at) => {
    const subscriptions = shared ?? subscriptionsOfProxy(scale, at);
    return new ThinProxy(net.channel(server.services), {
      protocol: scale.protocol,
      node: idNode(proxyId(at)),
      subscriptions,
      onReady: () => {
        ready += 1;
        readyMs = net.nowMs();
      },
    });
  });
  net.run();
  if (ready !== scale.proxies) throw new Error(`${String(ready)} of ${String(scale.proxies)} proxies have everything`);
  const memoryBytes = (await heapBytes()) - idleBytes;
  const wire = (): number => proxies.reduce((sum, proxy) => sum + proxy.sentBytes + proxy.receivedBytes, 0);
  const before = wire();
  metrics.times.length = 0;
  const times: number[] = [];
  let concerned = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const changedMs = net.nowMs();
    let setMs = changedMs;
    const debouncer = new Debouncer({ clock: net, timers: net, metrics }, () => {
      setMs = net.nowMs();
      concerned = mesh.change((round * 37) % scale.services, 10_000 + round);
    });
    net.onServer(changedMs, () => debouncer.trigger('endpoint'));
    net.run();
    times.push(...metrics.times.splice(0).map((ms) => ms + setMs - changedMs));
  }
  if (times.length !== concerned * ROUNDS)
    throw new Error(`${String(times.length)} acknowledgements for ${String(concerned * ROUNDS)}`);
  return {
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    wireBytes: (wire() - before) / ROUNDS,
    concerned,
    startMs: readyMs - startMs,
    memoryBytes,
  };
}

export function subscriptionsOfProxy(scale: Scale, proxy: number): Subscriptions {
  return { endpoints: encodeNames(scopeOf(scale, proxy).map(nameOf)), routes: encodeNames(['8080']) };
}

/** A node that has nothing but its id. */
export function idNode(id: string): Uint8Array {
  return new BinaryWriter().tag(1, WireType.LengthDelimited).string(id).finish();
}
