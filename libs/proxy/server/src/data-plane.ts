import type { LogLevel } from '@weft/core-runtime';
import type {
  Awaitable,
  CertificateStatus,
  ClusterStatus,
  ConfigDumpSection,
  ListenerStatus,
  UnreadyTargets,
} from '@weft/observe-admin';
import type { LoadSource } from '@weft/xds-client';
import type { Discovered } from './discovered.ts';
import type { OverloadReading } from './overload/overload-state.ts';

/** Plain values only: for a proxy with workers they cross threads. */
export interface DataPlaneFacts {
  /** Bytes of the event loops' heaps. */
  readonly heapUsed: number;
  readonly heapTotal: number;
  /** Downstream connections that are open. */
  readonly connections: number;
  readonly listeners: number;
  readonly clusters: number;
  /** When the first certificate in use expires, in epoch milliseconds; undefined without certificates. */
  readonly firstCertExpiryMs: number | undefined;
  /** How late the event loop was at worst since it was last asked, in milliseconds. */
  readonly loopDelayMs: number;
}

/** What is asked of a dump. */
export interface ConfigDumpOptions {
  readonly includeEds: boolean;
  /** Absent: the one that is asked holds its subscriptions itself. */
  readonly discovered?: Discovered;
}

/** A drain under way. */
export interface DrainOrder {
  readonly strategy: 'gradual' | 'immediate';
  /** How long a gradual drain takes until every response closes its connection. */
  readonly timeMs: number;
  /** Only what listeners for incoming traffic serve. */
  readonly inboundOnly: boolean;
}

/**
 * What carries the traffic, as the process around it commands and shows it: one event loop (ProxyServer) or several
 * (WorkerPool). Commands take effect in the order they are given.
 */
export interface DataPlane extends LoadSource {
  /** Warms the clusters and binds the listeners. Rejects with a sentence when an address cannot be had. */
  start(): Promise<void>;
  /** Brings up to date the stats that nobody pushes. */
  refresh(): Awaitable<DataPlaneFacts>;
  clusterStatus(): Awaitable<readonly ClusterStatus[]>;
  listenerStatus(): Awaitable<readonly ListenerStatus[]>;
  certificates(): Awaitable<readonly CertificateStatus[]>;
  configDump(options: ConfigDumpOptions): Awaitable<readonly ConfigDumpSection[]>;
  unreadyTargets(): Awaitable<readonly UnreadyTargets[]>;
  /** Gives a sentence where it cannot. */
  modifyRuntime(values: ReadonlyMap<string, string>): Awaitable<string | undefined>;
  setLevels(levels: ReadonlyMap<string, LogLevel>): Awaitable<void>;
  reopenLogs(): Awaitable<void>;
  setHealthcheckFailing(failing: boolean): Awaitable<void>;
  setOverload(reading: OverloadReading): Awaitable<void>;
  /** From now on responses close their connections, all or ever more of them. */
  drain(order: DrainOrder): Awaitable<void>;
  /**
   * Accepts no more; open connections finish what is under way. `keepIdle`: those that do nothing stay until their next
   * response.
   */
  stopListeners(how: { readonly inboundOnly: boolean; readonly keepIdle: boolean }): Awaitable<void>;
  /** Resolves when no connection of a stopped listener is left that ends by itself. */
  drained(): Promise<void>;
  /** Closes everything at once. */
  stop(): Promise<void>;
}
