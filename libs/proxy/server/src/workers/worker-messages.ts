import type { ListenSockets, SocketGrant, SocketWish } from '@weft/proxy-filter-api';
import type { StatAnnouncement } from '@weft/observe-metrics';
import type { ProxyOptions } from '../options.ts';
import type { RelayDownstream, RelayUpstream } from '@weft/xds-client';
import type { DnsAnswer, DnsQuestion } from '@weft/proxy-upstream';
import type { DataPlane } from '../data-plane.ts';
import type { ThreadPort } from './thread-calls.ts';

/** What a worker is started with; everything can be copied to another thread. */
export interface WorkerStart {
  readonly options: ProxyOptions;
  /** The bootstrap in protobuf's binary form: it was judged on the main thread. */
  readonly bootstrap: Uint8Array;
  readonly index: number;
  /** The memory of what all workers count together. */
  readonly tallies: SharedArrayBuffer;
  /** What session ticket keys are made from: a client may come to another worker when it comes again. */
  readonly ticketSecret: Uint8Array;
}

/** What a worker asks of the main thread, and tells it. */
export interface MainThread extends RelayUpstream {
  addStats(list: readonly StatAnnouncement[]): void;
  claim(wish: SocketWish): Promise<SocketGrant>;
  bound(...args: Parameters<ListenSockets['bound']>): void;
  released(wish: SocketWish): void;
  resolveName(question: DnsQuestion): Promise<DnsAnswer>;
}

/** What the main thread asks of a worker, and tells it. */
export interface WorkerCalls extends DataPlane, RelayDownstream {}

/** A worker thread, as the main thread holds it. */
export interface WorkerThread extends ThreadPort {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}
