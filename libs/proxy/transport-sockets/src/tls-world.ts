import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { Secret } from '@weft/model-tls';
import type { SubscriptionFactory } from '@weft/xds-client';

/** The environment, for certificates that are kept in it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where certificates come from beyond files. */
export interface TlsWorld {
  readonly environment: Environment;
  /** A secret of the bootstrap (static_resources.secrets). */
  staticSecret(name: string): Secret | undefined;
  /** Where secrets of discovery come from. Absent: from files only. */
  readonly subscriptions?: SubscriptionFactory;
  /** Gauges of certificates are set by the first of several workers only: what workers have is added up. Default 0. */
  readonly workerIndex?: number;
  /** What the workers of a process make session ticket keys from, so that each resumes the others' sessions. */
  readonly ticketSecret?: Uint8Array;
}

/** What watching files and secrets needs. */
export interface TlsServices {
  readonly runtime: Runtime;
  /** The root of all stat names. */
  readonly stats: StatsScope;
}
