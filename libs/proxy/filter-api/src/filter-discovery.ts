import type { ConfigSource } from '@weft/model-config-source';
import type { HttpFilterFactory } from './http-filter.ts';

/** A filter with its configuration. */
export interface DecodedFilter {
  readonly factory: HttpFilterFactory<unknown>;
  readonly config: unknown;
}

/** A filter whose configuration comes by ECDS. Source: envoy.config.core.v3.ExtensionConfigSource. */
export interface FilterDiscovery {
  /** The resource's. */
  readonly name: string;
  readonly source: ConfigSource;
  /** The message types that it may be configured with. */
  readonly typeNames: readonly string[];
  /** What runs as long as nothing came. Undefined: requests are answered 500. `default_config` */
  readonly fallback: DecodedFilter | undefined;
  /** The fallback is good enough to serve with: nobody waits. `apply_default_config_without_warming` */
  readonly serveFallback: boolean;
}

/** A filter that may change, and may not have arrived yet. */
export interface FilterProvider {
  readonly current: DecodedFilter | undefined;
  /** Resolves when the first one has come, or came too late to be waited for. Absent: it is there. */
  readonly pending?: Promise<void> | undefined;
  /** No longer needed by this holder. */
  close(): void;
}
