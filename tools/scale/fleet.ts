// The proxies of a real run, in a process of their own: `fleet.ts TARGET SCALE`.
import { systemClock } from '@weft/core-runtime';
import { GrpcJsChannel } from '@weft/net-grpc';
import { proxyId, type Scale } from './mesh.ts';
import { ThinProxy } from './thin-proxy.ts';
import { namesOf } from './virtual-run.ts';

export interface FleetMessage {
  readonly kind: 'ready' | 'bytes';
  /** Sent and received by all proxies. */
  readonly bytes: number;
}

/** So many connect at a time: as a rolling restart does, and no backlog of sockets overflows. */
const AT_ONCE = 50;

const [target = '', text = '{}'] = process.argv.slice(2);
const scale = JSON.parse(text) as Scale;
const shared = scale.scope === 'all' ? namesOf(scale, 0) : undefined;
const proxies: ThinProxy[] = [];
let ready = 0;

function connect(): void {
  const at = proxies.length;
  if (at === scale.proxies) return;
  const channel = new GrpcJsChannel({ target, clock: systemClock });
  const onReady = (): void => {
    ready += 1;
    if (ready === scale.proxies) tell('ready');
    connect();
  };
  const endpoints = shared ?? namesOf(scale, at);
  proxies.push(new ThinProxy(channel, { protocol: scale.protocol, node: proxyId(at), endpoints, onReady }));
}

function tell(kind: FleetMessage['kind']): void {
  const bytes = proxies.reduce((sum, proxy) => sum + proxy.sentBytes + proxy.receivedBytes, 0);
  process.send?.({ kind, bytes } satisfies FleetMessage);
}

process.on('message', () => tell('bytes'));
process.on('disconnect', () => process.exit(0));
for (let count = 0; count < AT_ONCE; count += 1) connect();
