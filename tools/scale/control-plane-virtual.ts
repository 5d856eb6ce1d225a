import { SupportCheck } from '@weft/api-kube';
import type { ControlPlane } from '@weft/control-server';
import { ObjectFiles } from '@weft/control-sources';
import { translationSupport } from '@weft/control-translate';
import { createSystemRandom, Loggers } from '@weft/core-runtime';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOf, concernedBy, nodeOf, serviceFile, subscriptionsOf } from './control-plane-mesh.ts';
import { acknowledgements, openControlPlane, spread } from './control-plane-run.ts';
import { heapBytes, type ControlPlaneFigures } from './figures.ts';
import type { Scale } from './mesh.ts';
import { ThinProxy } from './thin-proxy.ts';
import { VirtualNetwork } from './virtual-network.ts';

const ROUNDS = 10;
const LATENCY_MS = 1;
const AT_ONCE = 50;
/** What the watch of the folder waits for quiet, before it reads. */
const QUIET_MS = 50;
/** The control plane has timers that never end: a run is over when nothing of it can be left. */
const SETTLED_MS = 5000;
const REGISTERED_SERVICE = 11;

/**
 * One scale of the whole control plane in virtual time, over streams in memory: parsing, mesh, translation, encoding and pushes
 * take the processor time that they really take. Reading the disk, HTTP and HTTP/2 are not in it.
 */
export async function controlPlaneVirtual(scale: Scale): Promise<ControlPlaneFigures> {
  const net = new VirtualNetwork(LATENCY_MS);
  const folder = mkdtempSync(join(tmpdir(), 'weft-scale-'));
  const loggers = new Loggers(net, 'error', (line) => process.stderr.write(line));
  const runtime = { clock: net, timers: net, random: createSystemRandom(), loggers };
  const emptyBytes = await heapBytes();
  const controlPlane = await openControlPlane(folder, runtime);
  const source = new Documents(controlPlane, scale);
  source.readAll();
  controlPlane.mesh.publish();
  const acknowledged = acknowledgements(controlPlane, () => net.nowMs());
  const idleBytes = await heapBytes();
  try {
    const began = net.nowMs();
    const fleet = connect(net, controlPlane, scale);
    settle(net);
    if (fleet.ready !== scale.proxies) throw new Error(`${String(fleet.ready)} proxies have everything`);
    const { longestTurnMs } = net;
    const memoryBytes = (await heapBytes()) - idleBytes;
    const before = fleet.wireBytes();
    const file = timed({ net, scale, acknowledged }, (round) => source.edit((round * 37) % scale.services, round));
    const wireBytes = (fleet.wireBytes() - before) / ROUNDS;
    const registration = timed({ net, scale, acknowledged }, (round) => source.register(round));
    return {
      concerned: scale.scope === 'all' ? scale.proxies : file.length / ROUNDS,
      file: spread(file),
      registration: spread(registration),
      wireBytes,
      startMs: fleet.readyMs - began,
      longestTurnMs,
      meshBytes: idleBytes - emptyBytes,
      memoryBytes,
    };
  } finally {
    await controlPlane.stop();
    rmSync(folder, { recursive: true });
  }
}

/** What stands in for the folder and the HTTP port. */
class Documents {
  private readonly files = new ObjectFiles({ support: new SupportCheck(translationSupport) });
  private readonly controlPlane: ControlPlane;
  private readonly scale: Scale;

  constructor(controlPlane: ControlPlane, scale: Scale) {
    this.controlPlane = controlPlane;
    this.scale = scale;
  }

  readAll(): void {
    const { scale } = this;
    const all = Array.from({ length: scale.services }, (_, at) => serviceFile(scale, at, addressOf(11, at)));
    this.update(new Map(all.map((text, at) => [`service-${String(at)}.yaml`, text])));
    const [fault] = this.controlPlane.mesh.objects.faults;
    if (fault !== undefined) throw new Error(JSON.stringify(fault));
  }

  /** Gives the service that changes, when the control plane hears of it, and what it does then. */
  edit(service: number, round: number): VirtualChange {
    const text = serviceFile(this.scale, service, addressOf(12, round));
    return { service, afterMs: QUIET_MS, run: () => this.update(new Map([[`service-${String(service)}.yaml`, text]])) };
  }

  register(round: number): VirtualChange {
    const registration = {
      namespace: 'default',
      name: 'registered',
      service: '',
      addresses: [addressOf(13, round)],
      ports: [{ port: 8080 }],
      labels: { app: `service-${String(REGISTERED_SERVICE)}` },
      healthy: true,
    };
    const run = (): void => void this.controlPlane.registrations.put(registration);
    return { service: REGISTERED_SERVICE, afterMs: 0, run };
  }

  private update(texts: ReadonlyMap<string, string>): void {
    const changes = this.files.update(texts);
    this.controlPlane.mesh.onObjects(this.files.snapshot(), changes);
  }
}

interface VirtualChange {
  readonly service: number;
  readonly afterMs: number;
  readonly run: () => void;
}

interface VirtualFleet {
  readonly ready: number;
  readonly readyMs: number;
  wireBytes(): number;
}

/** The next proxy connects when one has everything, as over gRPC: what is under way at once stays bounded. */
function connect(net: VirtualNetwork, { xds }: ControlPlane, scale: Scale): VirtualFleet {
  const proxies: ThinProxy[] = [];
  const wireBytes = (): number => proxies.reduce((sum, proxy) => sum + proxy.sentBytes + proxy.receivedBytes, 0);
  const fleet = { ready: 0, readyMs: 0, wireBytes };
  const shared = scale.scope === 'all' ? subscriptionsOf(scale, 0) : undefined;
  const next = (): void => {
    const at = proxies.length;
    if (at === scale.proxies) return;
    const subscriptions = shared ?? subscriptionsOf(scale, at);
    const options = { protocol: scale.protocol, node: nodeOf(scale, at), subscriptions, onReady };
    proxies.push(new ThinProxy(net.channel(xds.services), options));
  };
  const onReady = (): void => {
    fleet.ready += 1;
    fleet.readyMs = net.nowMs();
    next();
  };
  for (let count = 0; count < AT_ONCE; count += 1) next();
  return fleet;
}

function settle(net: VirtualNetwork): void {
  for (let end = net.nowMs() + SETTLED_MS; ; end = net.nowMs() + SETTLED_MS) {
    net.run(end);
    if (net.nowMs() < end - SETTLED_MS / 2) return;
  }
}

interface VirtualWorld {
  readonly net: VirtualNetwork;
  readonly scale: Scale;
  readonly acknowledged: number[];
}

function timed({ net, scale, acknowledged }: VirtualWorld, change: (round: number) => VirtualChange): number[] {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { service, afterMs, run } = change(round);
    acknowledged.length = 0;
    const changedMs = net.nowMs();
    net.onServer(changedMs + afterMs, run);
    settle(net);
    const concerned = concernedBy(scale, service);
    if (acknowledged.length !== concerned)
      throw new Error(`${String(acknowledged.length)} proxies were told, and it concerns ${String(concerned)}`);
    times.push(...acknowledged.map((atMs) => atMs - changedMs));
  }
  return times;
}
