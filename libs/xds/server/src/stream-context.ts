import type { GrpcMetadata } from '@weft/core-grpc';
import type { Clock, Logger, Timers } from '@weft/core-runtime';
import type { BulkGate } from './bulk-gate.ts';
import type { NamePool } from './name-list.ts';
import type { XdsNode } from './node.ts';
import type { ProxyStatus } from './proxy-status.ts';
import type { PushQueue } from './push-queue.ts';
import type { ServerMetrics } from './server-metrics.ts';
import type { SnapshotCache } from './snapshot-cache.ts';

/** Whoever opens a stream: what it says, and what its connection proves. */
export interface Caller {
  readonly node: XdsNode;
  /** DER; undefined on plaintext connections and for callers without one. */
  readonly peerCertificate: Uint8Array | undefined;
  readonly metadata: GrpcMetadata;
}

/** Why a caller may not do what it came for, in words for it; undefined when it may. */
export type Admit = (caller: Caller) => string | undefined;

/** A stream, as its server knows it. */
export interface ServedStream {
  readonly id: string;
  /** DER; undefined where the caller showed none. */
  readonly peerCertificate: Uint8Array | undefined;
  readonly protocol: ProxyStatus['protocol'];
  readonly status: ProxyStatus;
  /** Ends the stream from this side; the proxy comes back. */
  shut(message: string): void;
}

/** What all streams of one server share. */
export interface StreamContext {
  readonly cache: SnapshotCache;
  readonly queue: PushQueue;
  readonly bulk: BulkGate;
  readonly names: NamePool;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly identifier: string;
  readonly endpointPatienceMs: number;
  nextId(): string;
  /** Why the caller may not have configuration; undefined when it may. */
  admit(caller: Caller): string | undefined;
  /** True: the caller, though admitted, gets no resources of the type. */
  withholds(caller: Caller, typeUrl: string): boolean;
  /** True: the resources will be made. */
  onDemand(node: XdsNode, typeUrl: string, names: readonly string[]): boolean;
  opened(stream: ServedStream): void;
  connected(stream: ServedStream, node: XdsNode): void;
  closed(stream: ServedStream): void;
}
