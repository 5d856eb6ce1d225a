import { after, type Clock, type Timer, type Timers } from '@weft/core-runtime';
import type { XdsNode } from './node.ts';
import type { ProxyStatus, TypeStatus } from './proxy-status.ts';
import type { Caller } from './stream-context.ts';

/** A node counts as connected for so long after a fetch. */
const LEASE_MS = 300_000;
/** Nobody needs a connection to claim to be a node: there may be so many. */
const MAX_NODES = 1000;

export interface PollingOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  nextId(): string;
  connected(caller: Caller, id: string): void;
  disconnected(node: XdsNode, id: string): void;
}

/** What was given at a fetch. */
export interface Fetched {
  readonly typeUrl: string;
  /** The version that the node said it has. */
  readonly has: string;
  readonly version: string;
  readonly wildcard: boolean;
  readonly subscribed: number;
  readonly resources: number;
}

/** Nodes that fetch instead of keeping a stream (REST, `Fetch…`). Between two fetches they count as connected. */
export class PollingNodes {
  private readonly options: PollingOptions;
  private readonly nodes = new Map<string, Poller>();

  constructor(options: PollingOptions) {
    this.options = options;
  }

  /** A node fetches. Undefined: there are too many that do. */
  heard(caller: Caller, peerAddress: string): Poller | undefined {
    const { id } = caller.node;
    const known = this.nodes.get(id);
    // What it proves now counts, and what it says of itself.
    if (known !== undefined && (known.certified || caller.peerCertificate === undefined)) {
      known.renew();
      return known;
    }
    if (known === undefined && this.nodes.size >= MAX_NODES) return undefined;
    this.drop(id);
    const poller = new Poller(caller, peerAddress, { ...this.options, over: () => this.drop(id) });
    this.nodes.set(id, poller);
    this.options.connected(caller, poller.id);
    return poller;
  }

  status(): readonly ProxyStatus[] {
    return [...this.nodes.values()].map((poller) => poller.status);
  }

  /** Somebody proved to be the node. */
  dropUncertified(nodeId: string): void {
    if (this.nodes.get(nodeId)?.certified === false) this.drop(nodeId);
  }

  close(): void {
    for (const id of [...this.nodes.keys()]) this.drop(id);
  }

  private drop(nodeId: string): void {
    const poller = this.nodes.get(nodeId);
    if (poller === undefined) return;
    this.nodes.delete(nodeId);
    poller.close();
    this.options.disconnected(poller.node, poller.id);
  }
}

/** One node that fetches. */
class Poller {
  readonly id: string;
  readonly node: XdsNode;
  readonly certified: boolean;
  private readonly options: PollingOptions & { over(): void };
  private readonly peerAddress: string;
  private readonly connectedMs: number;
  private readonly types = new Map<string, TypeStatus>();
  private lease: Timer;

  constructor(caller: Caller, peerAddress: string, options: PollingOptions & { over(): void }) {
    this.id = options.nextId();
    this.node = caller.node;
    this.certified = caller.peerCertificate !== undefined;
    this.peerAddress = peerAddress;
    this.options = options;
    this.connectedMs = options.clock.wallMs();
    this.lease = this.begin();
  }

  renew(): void {
    this.lease.cancel();
    this.lease = this.begin();
  }

  close(): void {
    this.lease.cancel();
  }

  /** There is no refusal by REST: the version that a node comes back with is the one that it took. */
  fetched({ typeUrl, has, version, wildcard, subscribed, resources }: Fetched): void {
    const now = this.options.clock.wallMs();
    const before = this.types.get(typeUrl);
    const sent = before?.versionSent === version ? before : undefined;
    const acknowledged = has !== '' && (has === version || has === before?.versionSent);
    this.types.set(typeUrl, {
      typeUrl,
      state: has === version ? 'SYNCED' : (before?.versionAcknowledged ?? '') === '' ? 'NEVER_ACKNOWLEDGED' : 'STALE',
      versionSent: version,
      versionAcknowledged: acknowledged ? has : (before?.versionAcknowledged ?? ''),
      sentMs: sent?.sentMs ?? now,
      acknowledgedMs: acknowledged ? now : before?.acknowledgedMs,
      error: undefined,
      wildcard,
      subscribed,
      resources,
    });
  }

  get status(): ProxyStatus {
    const { id: connectionId, node, peerAddress, connectedMs, types } = this;
    return { connectionId, node, peerAddress, protocol: 'rest', connectedMs, types: [...types.values()] };
  }

  private begin(): Timer {
    return after(this.options.timers, LEASE_MS, () => this.options.over());
  }
}
