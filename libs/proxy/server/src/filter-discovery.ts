import { reportUnsupported } from '@weft/api-envoy';
import type { TypedExtensionConfig } from '@weft/api-envoy/gen/envoy/config/core/v3/extension_pb';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { DecodedFilter, FilterDiscovery as Wanted, FilterProvider } from '@weft/proxy-filter-api';
import { httpFilterFactories } from '@weft/proxy-http-filters';
import type {
  ReceivedResource,
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
  SubscriptionFactory,
} from '@weft/xds-client';
import { supported } from './support.ts';

const EXTENSION = 'envoy.config.core.v3.TypedExtensionConfig';

/** ECDS for HTTP filters: one subscription for each name and source, as long as a connection manager uses it. */
export class FilterDiscovery {
  private readonly subscriptions: SubscriptionFactory;
  private readonly stats: StatsScope;
  private readonly entries = new Map<string, Entry>();

  /** `stats`: the root of all stat names. */
  constructor(subscriptions: SubscriptionFactory, stats: StatsScope) {
    this.subscriptions = subscriptions;
    this.stats = stats.scope('extension_config_discovery.http_filter.');
  }

  subscribe(wanted: Wanted): FilterProvider {
    const { name, source, fallback, serveFallback } = wanted;
    const key = JSON.stringify([name, source]);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const stats = this.stats.scope(`${name}.`);
      entry = new Entry(stats);
      this.entries.set(key, entry);
      entry.holders.push(wanted);
      entry.start(this.subscriptions.subscribe({ source, typeName: EXTENSION, names: [name], stats, watcher: entry }));
    } else entry.holders.push(wanted);
    const held = entry;
    return {
      get current() {
        return held.filterFor(wanted) ?? fallback;
      },
      get pending() {
        return serveFallback && fallback !== undefined ? undefined : held.pending;
      },
      close: () => this.release(key, held, wanted),
    };
  }

  close(): void {
    for (const entry of this.entries.values()) entry.subscription?.close();
    this.entries.clear();
  }

  private release(key: string, entry: Entry, wanted: Wanted): void {
    entry.holders = entry.holders.filter((holder) => holder !== wanted);
    if (entry.holders.length > 0) return;
    entry.subscription?.close();
    this.entries.delete(key);
  }
}

class Entry implements ResourceWatcher {
  readonly needsResource = true;
  /** Everybody who uses it; what one of them may not be configured with is refused. */
  holders: Wanted[] = [];
  subscription: Subscription | undefined;
  /** Resolves with the first configuration, or when it came too late; undefined from then on. */
  pending: Promise<void> | undefined;
  private current: DecodedFilter | undefined;
  private readonly configFail: Counter;
  private readonly configConflict: Counter;

  constructor(stats: StatsScope) {
    this.configFail = stats.counter('config_fail');
    this.configConflict = stats.counter('config_conflict');
  }

  start(subscription: Subscription): void {
    this.subscription = subscription;
    this.pending = subscription.start().finally(() => (this.pending = undefined));
  }

  /** Undefined also where it is of a type that this holder does not take: two listeners ask for different things by one name. */
  filterFor({ typeNames }: Wanted): DecodedFilter | undefined {
    return this.current !== undefined && typeNames.includes(this.current.factory.typeName) ? this.current : undefined;
  }

  onUpdate({ added, removed }: ResourceUpdate): Promise<void> {
    for (const received of added) {
      const decoded = this.decode(received);
      if (decoded !== undefined && received.cx.faults.length === 0) this.current = decoded;
      else this.configFail.inc();
    }
    if (removed.length > 0) this.current = undefined;
    return Promise.resolve();
  }

  judge({ added }: ResourceUpdate): void {
    for (const received of added) this.decode(received);
  }

  private decode({ message, cx }: ReceivedResource): DecodedFilter | undefined {
    reportUnsupported(message, supported, cx);
    const place = cx.at('typed_config');
    const inner = place.unpack((message as TypedExtensionConfig).typedConfig);
    if (inner === undefined) return undefined;
    const unwanted = this.holders.find(({ typeNames }) => !typeNames.includes(inner.$typeName));
    if (unwanted !== undefined) {
      this.configConflict.inc();
      place.error(`is ${inner.$typeName}, which the listener does not take`, {
        expected: `one of its type_urls: ${unwanted.typeNames.join(', ')}`,
      });
      return undefined;
    }
    const factory = httpFilterFactories.find(({ typeName }) => typeName === inner.$typeName);
    if (factory === undefined) {
      place.error(`the filter ${inner.$typeName} is not implemented by Weft yet`);
      return undefined;
    }
    const config = factory.decode(inner, place);
    return config === undefined ? undefined : { factory, config };
  }
}
