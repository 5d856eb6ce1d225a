// The proxies of a run over gRPC, in a process of their own: `fleet.ts KIND TARGET SCALE`.
import { PlainChannel } from './plain-channel.ts';
import { nodeOf, subscriptionsOf } from './control-plane-mesh.ts';
import { proxyId, type Scale } from './mesh.ts';
import { ThinProxy, type Subscriptions } from './thin-proxy.ts';
import { idNode, subscriptionsOfProxy } from './virtual-run.ts';

/** What the proxies are of: the synthetic mesh, or documents that a control plane reads. */
export type FleetKind = 'synthetic' | 'control-plane';

export interface FleetMessage {
  readonly kind: 'ready' | 'bytes';
  /** Sent and received by all proxies. */
  readonly bytes: number;
}

/** So many connect at a time: as a rolling restart does, and no backlog of sockets overflows. */
const AT_ONCE = 50;

const [kind = '', target = '', text = '{}'] = process.argv.slice(2);
const scale = JSON.parse(text) as Scale;
const subscriptions = (at: number): Subscriptions =>
  kind === 'synthetic' ? subscriptionsOfProxy(scale, at) : subscriptionsOf(scale, at);
const node = (at: number): Uint8Array => (kind === 'synthetic' ? idNode(proxyId(at)) : nodeOf(scale, at));
const shared = scale.scope === 'all' ? subscriptions(0) : undefined;
const proxies: ThinProxy[] = [];
let ready = 0;

function connect(): void {
  const at = proxies.length;
  if (at === scale.proxies) return;
  const channel = new PlainChannel(target);
  const onReady = (): void => {
    ready += 1;
    if (ready === scale.proxies) tell('ready');
    connect();
  };
  const options = { protocol: scale.protocol, node: node(at), subscriptions: shared ?? subscriptions(at), onReady };
  proxies.push(new ThinProxy(channel, options));
}

function tell(what: FleetMessage['kind']): void {
  const bytes = proxies.reduce((sum, proxy) => sum + proxy.sentBytes + proxy.receivedBytes, 0);
  process.send?.({ kind: what, bytes } satisfies FleetMessage);
}

process.on('message', () => tell('bytes'));
process.on('disconnect', () => process.exit(0));
for (let count = 0; count < AT_ONCE; count += 1) connect();
