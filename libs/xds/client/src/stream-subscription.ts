import type { Runtime } from '@weft/core-runtime';
import { normalizeName } from '@weft/model-config-source';
import type { ResourceSource, TypeSource } from './resource-source.ts';
import type { SubscriptionRequest } from './subscription-factory.ts';
import type { Subscription } from './subscription.ts';
import { Watch } from './watch.ts';

/** Who keeps the servers. */
export interface Servers {
  /** The one that this subscription is to use. */
  open(): ResourceSource;
  /** The subscription does not use it any more. */
  release(server: ResourceSource): void;
}

/** A subscription to a server: a watch in the table of its type. */
export class StreamSubscription implements Subscription {
  private readonly watch: Watch;
  private readonly servers: Servers;
  private readonly typeName: string;
  private server: ResourceSource | undefined;
  private type: TypeSource | undefined;

  constructor({ names, watcher, stats, source, typeName }: SubscriptionRequest, runtime: Runtime, servers: Servers) {
    this.servers = servers;
    this.typeName = typeName;
    const { initialFetchTimeoutMs } = source;
    this.watch = new Watch({
      names: names === 'wildcard' || names.includes('*') ? 'wildcard' : new Set(names.map(normalizeName)),
      watcher,
      stats,
      runtime,
      initialFetchTimeoutMs,
    });
  }

  start(): Promise<void> {
    const server = this.servers.open();
    const type = server.type(this.typeName);
    this.server = server;
    this.type = type;
    this.watch.stats.updateAttempt.inc();
    this.watch.start(() => type.table.timedOut(this.watch));
    type.table.add(this.watch);
    type.namesChanged();
    server.start();
    return this.watch.first;
  }

  setNames(names: readonly string[]): void {
    this.watch.stats.updateAttempt.inc();
    this.type?.table.setNames(this.watch, new Set(names.map(normalizeName)));
    this.type?.namesChanged();
  }

  askAgain(names: readonly string[]): void {
    this.watch.stats.updateAttempt.inc();
    this.type?.askAgain(names.map(normalizeName));
  }

  close(): void {
    this.watch.close();
    if (this.server === undefined || this.type === undefined) return;
    this.type.table.remove(this.watch);
    this.type.namesChanged();
    this.servers.release(this.server);
  }
}
