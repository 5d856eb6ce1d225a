import { LocalTally, type Tallies } from '@weft/core-stats';
import type { Runtime } from '@weft/core-runtime';
import type { StatsStore } from '@weft/observe-metrics';
import type { ListenSockets } from '@weft/proxy-filter-api';
import type { TlsWorld } from '@weft/proxy-transport-sockets';
import type { DnsResolverChoice } from '@weft/proxy-upstream';
import type { GrpcChannels, SubscriptionFactory } from '@weft/xds-client';
import type { BootstrapConfig } from './bootstrap.decode.ts';
import type { ProxySubscriptions } from './discovered.ts';
import type { ProxyOptions } from './options.ts';

/** What one event loop's proxy is made from beyond its bootstrap. */
export interface ProxyWorld {
  readonly options: ProxyOptions;
  readonly runtime: Runtime;
  /** Default: a store of its own. */
  readonly store?: StatsStore;
  /** Which worker it is; default 0. */
  readonly workerIndex?: number;
  /** Where its listening sockets come from; default: it binds them. */
  readonly sockets?: ListenSockets;
  /** What it counts together with other workers. Default: alone. */
  readonly tallies?: Tallies;
  /** What all workers make TLS session ticket keys from. Absent: there is one, which makes them up. */
  readonly ticketSecret?: Uint8Array;
  /** How gRPC services are reached. Default: over clusters, or straight to an address. */
  readonly channels?: GrpcChannels;
  /** False: workers carry the traffic, and this one subscribes and reports for them. Default true. */
  readonly carries?: boolean;
  /** Who holds the subscriptions. Default: it does. */
  readonly subscriptions?: (config: BootstrapConfig) => ProxySubscriptions;
  /** Who resolves names. Default: it does. */
  readonly resolvers?: DnsResolverChoice;
}

/** Where the certificates of a proxy come from. */
export function tlsWorld(
  { secrets }: BootstrapConfig,
  subscriptions: SubscriptionFactory,
  { ticketSecret, workerIndex = 0 }: ProxyWorld,
): TlsWorld {
  return {
    // Certificates may be in variables of the environment; only configuration decides which are looked at.
    // eslint-disable-next-line no-restricted-properties
    environment: process.env,
    staticSecret: (name) => secrets.get(name),
    subscriptions,
    workerIndex,
    ...(ticketSecret === undefined ? {} : { ticketSecret }),
  };
}

/** Counts of one event loop that is alone. */
export function localTallies(): Tallies {
  const known = new Map<string, LocalTally>();
  return (name) => {
    const tally = known.get(name) ?? new LocalTally();
    known.set(name, tally);
    return tally;
  };
}
