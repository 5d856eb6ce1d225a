import { GRPC_STATUS, type GrpcServerCall, type GrpcServerReceiver } from '@weft/core-grpc';
import { after, type Timer } from '@weft/core-runtime';
import { decodeDeltaRequest, decodeSotwRequest, type DiscoveryCall } from './discovery.decode.ts';
import {
  encodeDeltaResponse,
  encodeSotwResponse,
  encodeWrappedSotwResponse,
  type DiscoveryAnswer,
} from './discovery-response.ts';
import { Heartbeats } from './heartbeats.ts';
import type { XdsNode } from './node.ts';
import { typeStatusOf, type ProxyStatus } from './proxy-status.ts';
import type { NameList } from './name-list.ts';
import type { Outstanding, Pending } from './pending.ts';
import { Portion, portionsOf } from './portion.ts';
import { PushOrder, TYPE_ORDER } from './push-order.ts';
import { SERVER_METRIC } from './server-metrics.ts';
import type { SnapshotWatcher } from './snapshot-cache.ts';
import type { Snapshot } from './snapshot.ts';
import type { Caller, ServedStream, StreamContext } from './stream-context.ts';
import { Subscription } from './subscription.ts';
import { isFullStateType, shortType, TYPE_URL } from './type-urls.ts';

export interface StreamForm {
  readonly protocol: 'sotw' | 'delta';
  /** Of a service that serves one type; undefined on an aggregated stream. */
  readonly typeUrl: string | undefined;
}

/** A larger response is cut, so that what is under way to a slow proxy is bounded. */
const DELTA_OCTETS = 1024 * 1024;
const SOTW_OCTETS = 3.5 * 1024 * 1024;

/** Client features that say so of state of the world: gRPC's name, and the one of Envoy's documentation. */
const WRAPPED = ['xds.config.resource-in-sotw', 'xds.config.supports-resource-in-sotw'];

/** One discovery stream of one proxy, aggregated or not, of either protocol. */
export class ProxyStream implements GrpcServerReceiver, SnapshotWatcher, ServedStream {
  readonly id: string;
  private readonly call: GrpcServerCall;
  private readonly form: StreamForm;
  private readonly cx: StreamContext;
  private readonly connectedMs: number;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly order = new PushOrder(this.subscriptions);
  private readonly heartbeats: Heartbeats;
  private node: XdsNode | undefined;
  private snapshot: Snapshot | undefined;
  private unwatch: (() => void) | undefined;
  private nonces = 0;
  /** The connection has more to carry than it takes. */
  private full = false;
  /** A large response waits for others to be answered, and what comes after it waits too. */
  private held = false;
  private over = false;
  /** When the snapshot came that the proxy does not have in full yet. */
  private behindSinceMs: number | undefined;
  private patience: Timer | undefined;
  private returning: Timer | undefined;

  constructor(call: GrpcServerCall, form: StreamForm, cx: StreamContext) {
    this.call = call;
    this.form = form;
    this.cx = cx;
    this.connectedMs = cx.clock.wallMs();
    this.id = cx.nextId();
    this.heartbeats = new Heartbeats(cx, () => this.advance());
    cx.opened(this);
  }

  onMessage(message: Uint8Array): void {
    if (this.over) return;
    const request = this.decode(message);
    if (request === undefined) return this.fail('the message is no discovery request');
    if (this.node === undefined && !this.identify(request)) return;
    // It was admitted under its first name: under another it would get what is not its own.
    const { id = '' } = request.node ?? {};
    if (id !== '' && id !== this.node?.id)
      return this.fail(`the node is ${id}, and the stream began as ${this.node?.id ?? ''}`);
    const typeUrl = this.form.typeUrl ?? request.typeUrl;
    if (typeUrl === '') return this.fail('type_url is empty: an aggregated stream needs it');
    if (request.typeUrl !== '' && request.typeUrl !== typeUrl)
      return this.fail(`type_url is ${request.typeUrl}, and this service serves ${typeUrl} only`);
    this.take(this.subscription(typeUrl), request);
    this.advance();
  }

  onHalfClose(): void {
    this.close();
    this.call.end();
  }

  onCancelled(): void {
    this.close();
  }

  onDrain(): void {
    this.full = false;
    this.advance();
  }

  /** The cache has a new snapshot: it waits its turn. */
  onSnapshot(): void {
    this.behindSinceMs ??= this.cx.clock.nowMs();
    this.cx.queue.enqueue(this);
  }

  /** Its turn has come: whatever the snapshot is by now. */
  push(): void {
    const node = this.node;
    if (this.over || node === undefined) return;
    const snapshot = this.cx.cache.get(this.cx.cache.groups(node));
    if (snapshot === undefined) return;
    if (snapshot !== this.snapshot) this.aim(snapshot);
    this.advance();
  }

  private aim(snapshot: Snapshot): void {
    const isFirst = this.snapshot === undefined;
    this.snapshot = snapshot;
    this.order.aim(snapshot);
    for (const subscription of this.subscriptions.values()) {
      this.aimAt(snapshot, subscription);
      if (isFirst && this.form.protocol === 'delta') this.heartbeats.watch(subscription);
    }
  }

  /** What is withheld is never aimed at: to the proxy it has yet to come. */
  private aimAt(snapshot: Snapshot, subscription: Subscription): void {
    const { typeUrl } = subscription;
    if (this.node === undefined || this.cx.withholds(this.caller(this.node), typeUrl)) return;
    subscription.aim(snapshot.resources(typeUrl));
  }

  private caller(node: XdsNode): Caller {
    return { node, peerCertificate: this.peerCertificate, metadata: this.call.metadata };
  }

  /** DER; undefined where the connection has none. */
  get peerCertificate(): Uint8Array | undefined {
    return this.call.peerCertificate;
  }

  get protocol(): StreamForm['protocol'] {
    return this.form.protocol;
  }

  get status(): ProxyStatus {
    return {
      connectionId: this.id,
      node: this.node,
      peerAddress: this.call.peerAddress,
      protocol: this.form.protocol,
      connectedMs: this.connectedMs,
      types: [...this.subscriptions.values()].map(typeStatusOf),
    };
  }

  /** Ends the stream from this side; the proxy comes back. */
  shut(message: string): void {
    if (this.over) return;
    this.close();
    this.call.end({ code: GRPC_STATUS.UNAVAILABLE, message });
  }

  private decode(message: Uint8Array): DiscoveryCall | undefined {
    const last = [...this.subscriptions.values()].map(({ wanted }) => wanted);
    const decode = this.form.protocol === 'delta' ? decodeDeltaRequest : decodeSotwRequest;
    return decode(message, { pool: this.cx.names, last });
  }

  /** The first request says who the proxy is, and starts the watch. */
  private identify({ node }: DiscoveryCall): boolean {
    if (node === undefined || node.id === '') {
      this.fail('the first request of a stream must name its node');
      return false;
    }
    const refusal = this.cx.admit(this.caller(node));
    if (refusal !== undefined) {
      this.close();
      this.call.end({ code: GRPC_STATUS.UNAUTHENTICATED, message: refusal });
      return false;
    }
    this.node = node;
    const key = this.cx.cache.groups(node);
    this.unwatch = this.cx.cache.watch(key, this);
    this.cx.connected(this, node);
    const snapshot = this.cx.cache.get(key);
    if (snapshot !== undefined) this.aim(snapshot);
    return true;
  }

  private subscription(typeUrl: string): Subscription {
    let subscription = this.subscriptions.get(typeUrl);
    if (subscription === undefined) {
      subscription = new Subscription(typeUrl, this.limitOf(typeUrl), this.order.gate);
      if (this.snapshot !== undefined) this.aimAt(this.snapshot, subscription);
      this.subscriptions.set(typeUrl, subscription);
    }
    return subscription;
  }

  /** State of the world is one response, however large. Others fit into what any gRPC library takes. */
  private limitOf(typeUrl: string): number {
    if (this.form.protocol === 'delta') return DELTA_OCTETS;
    return isFullStateType(typeUrl) ? Number.POSITIVE_INFINITY : SOTW_OCTETS;
  }

  private take(subscription: Subscription, { nonce, error, interest }: DiscoveryCall): void {
    const { typeUrl, outstanding } = subscription;
    const { wanted: before } = subscription;
    const outcome = subscription.request(nonce, error, interest, this.cx.clock.wallMs());
    if (interest.kind === 'change' && Object.keys(interest.has).length > 0) this.onReturned(subscription);
    const type = shortType(typeUrl);
    if (outcome === 'stale') this.cx.metrics.count(SERVER_METRIC.expiredNonce, { type });
    if (outcome === 'refused') {
      this.cx.metrics.count(SERVER_METRIC.rejects, { type, node: this.node?.id ?? '' });
      this.cx.logger.warning(`${this.id} refuses ${type} ${outstanding?.version ?? ''}: ${error ?? ''}`);
    }
    if (outstanding !== undefined && subscription.outstanding === undefined) {
      this.cx.bulk.leave(outstanding);
      this.order.onAnswered(typeUrl, outstanding, outcome === 'refused');
    }
    if (interest.kind === 'change') this.askOnDemand(subscription, interest.add);
    else if (interest.wanted !== before) this.askOnDemand(subscription, interest.wanted);
  }

  /** Its listeners and routes follow, and what they name is not to go before they are known. */
  private onReturned(subscription: Subscription): void {
    this.heartbeats.watch(subscription);
    const { typeUrl, wildcard } = subscription;
    if (typeUrl !== TYPE_URL.cluster || !wildcard || this.returning !== undefined) return;
    this.order.isReturning = true;
    this.returning = after(this.cx.timers, this.cx.endpointPatienceMs, () => {
      this.order.isReturning = false;
      this.advance();
    });
  }

  private askOnDemand(subscription: Subscription, names: NameList): void {
    const { node } = this;
    const missing = subscription.missing(names);
    if (missing.length === 0 || node === undefined) return;
    if (!this.cx.onDemand(node, subscription.typeUrl, missing)) return;
    // It may be there already: whoever waits is not to wait for a turn, nor to be told that what it has from before is gone.
    const snapshot = this.cx.cache.get(this.cx.cache.groups(node));
    if (snapshot !== undefined && snapshot !== this.snapshot) this.aim(snapshot);
    subscription.expect(missing);
  }

  /** Sends what may go now. Called after everything that may have changed that. */
  private advance(): void {
    if (this.snapshot === undefined || this.over) return;
    this.held = false;
    for (const typeUrl of TYPE_ORDER) this.advanceType(typeUrl);
    for (const typeUrl of this.subscriptions.keys()) if (!TYPE_ORDER.includes(typeUrl)) this.advanceType(typeUrl);
    this.retryRefused();
    this.watchEndpoints();
    this.measureConvergence();
  }

  private advanceType(typeUrl: string): void {
    const subscription = this.subscriptions.get(typeUrl);
    if (subscription === undefined || this.full || this.held || this.over || !this.order.open(typeUrl)) return;
    const pending = subscription.pending(this.order.removals(typeUrl));
    if (pending === undefined) return;
    if (pending.heartbeats !== undefined && (this.needsContent || this.heartbeats.isLate(subscription))) {
      subscription.force(pending.heartbeats.map(({ name }) => name));
      return this.advanceType(typeUrl);
    }
    const empty = pending.changed.length === 0 && pending.heartbeats === undefined;
    const silent = this.form.protocol === 'sotw' && !isFullStateType(typeUrl) && empty;
    if (silent) subscription.forget(pending.removed);
    else this.send(subscription, pending);
  }

  /** When all else is done, so that what is bad keeps nothing waiting. */
  private retryRefused(): void {
    if (this.full || this.held || this.over) return;
    const all = [...this.subscriptions.values()];
    if (all.every(({ refusesNothing }) => refusesNothing)) return;
    if (!all.every((one) => one.idle(this.order.removals(one.typeUrl)))) return;
    for (const one of all) if (one.retry()) this.advanceType(one.typeUrl);
  }

  private send(subscription: Subscription, pending: Pending): void {
    const { typeUrl } = subscription;
    const { clock, metrics, identifier } = this.cx;
    const startMs = clock.nowMs();
    const { after, portions } = this.contents(subscription, pending);
    const { version } = after;
    const nonce = `${this.id}-${String(this.nonces + 1)}`;
    const sent: Outstanding = { ...pending, nonce, version, after, sentMs: clock.wallMs() };
    const { heartbeats } = pending;
    const answer = { nonce, version, typeUrl, portions, identifier, ...withoutResource(subscription, pending) };
    // Where everything is sent it is sent with its content: who takes it for the state of the world must find all in it.
    const bare = heartbeats !== undefined && !this.sendsWhole(typeUrl);
    const pieces = this.encode(bare ? { ...answer, heartbeats } : answer);
    const octets = pieces.reduce((sum, { length }) => sum + length, 0);
    this.held = !this.cx.bulk.enter(this, sent, octets);
    if (this.held) return;
    this.nonces += 1;
    subscription.sent(sent);
    if (this.wraps) this.heartbeats.watch(subscription, heartbeats ?? sent.changed);
    this.order.onSent(typeUrl, sent);
    this.full = !this.give(pieces);
    const labels = { type: shortType(typeUrl) };
    metrics.count(SERVER_METRIC.pushes, labels);
    metrics.observe(SERVER_METRIC.configSize, octets, labels);
    metrics.observe(SERVER_METRIC.pushTime, (clock.nowMs() - startMs) / 1000, labels);
  }

  private encode(answer: DiscoveryAnswer): Uint8Array[] {
    if (this.form.protocol === 'delta') return encodeDeltaResponse(answer);
    return this.wraps ? encodeWrappedSotwResponse(answer) : encodeSotwResponse(answer);
  }

  private sendsWhole(typeUrl: string): boolean {
    return this.form.protocol === 'sotw' && isFullStateType(typeUrl);
  }

  /** The proxy understands resources with a TTL: in delta everybody does, in state of the world who says so. */
  private get wraps(): boolean {
    return this.form.protocol === 'delta' || WRAPPED.some((one) => this.node?.clientFeatures.includes(one) === true);
  }

  /** Envoy 1.40 prolongs nothing in state of the world when a heartbeat has no content (measured). */
  private get needsContent(): boolean {
    return this.form.protocol === 'sotw' && this.node?.userAgentName === 'envoy';
  }

  /** False: no more for now. */
  private give(pieces: readonly Uint8Array[]): boolean {
    const { call } = this;
    return call.sendPieces === undefined ? call.send(Buffer.concat(pieces)) : call.sendPieces(pieces);
  }

  /** What a response carries, and what the proxy has after it. */
  private contents(
    subscription: Subscription,
    pending: Pending,
  ): { readonly after: Outstanding['after']; readonly portions: readonly Portion[] } {
    const after = subscription.after(pending);
    if (this.sendsWhole(subscription.typeUrl)) return { after, portions: portionsOf(after, subscription.limit) };
    return { after, portions: [pending.portion ?? new Portion(undefined, pending.changed)] };
  }

  /** A proxy that takes a cluster and never asks for its endpoints would keep its routes waiting for ever. */
  private watchEndpoints(): void {
    if (!this.order.awaitsEndpoints) {
      this.patience?.cancel();
      this.patience = undefined;
      return;
    }
    this.patience ??= after(this.cx.timers, this.cx.endpointPatienceMs, () => {
      this.patience = undefined;
      this.cx.logger.warning(`${this.id} asked for no endpoints of its new clusters; its routes are sent without them`);
      this.order.giveUpEndpoints();
      this.advance();
    });
  }

  private measureConvergence(): void {
    if (this.behindSinceMs === undefined || this.order.awaitsEndpoints) return;
    for (const subscription of this.subscriptions.values())
      if (subscription.outstanding !== undefined || subscription.pending(true) !== undefined) return;
    this.cx.metrics.observe(SERVER_METRIC.convergence, (this.cx.clock.nowMs() - this.behindSinceMs) / 1000);
    this.behindSinceMs = undefined;
  }

  private fail(message: string): void {
    this.close();
    this.call.end({ code: GRPC_STATUS.INVALID_ARGUMENT, message });
  }

  private close(): void {
    if (this.over) return;
    this.over = true;
    this.patience?.cancel();
    this.returning?.cancel();
    this.heartbeats.close();
    this.unwatch?.();
    this.cx.queue.remove(this);
    this.cx.bulk.forget(this);
    this.cx.closed(this);
  }
}

/** Who asked for a virtual host waits for a resource, and takes an empty one for "there is none". Source: Envoy's VHDS. */
function withoutResource(
  subscription: Subscription,
  { removed }: Pending,
): Pick<DiscoveryAnswer, 'removed' | 'absent'> {
  if (subscription.typeUrl !== TYPE_URL.virtualHost) return { removed };
  const [known, absent] = [true, false].map((had) => removed.filter((name) => subscription.has(name) === had));
  return { removed: known ?? [], absent: absent ?? [] };
}
