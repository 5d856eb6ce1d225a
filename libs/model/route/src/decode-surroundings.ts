import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext } from '@weft/api-envoy';
import type { RetryPolicy } from '@weft/model-policy';
import type { Level } from './level.ts';
import type { VirtualHost } from './route.ts';

/** What a route configuration needs of the world around it. */
export interface RouteDecodeOptions {
  /** Decodes one entry of `typed_per_filter_config`. Without it the entries are kept as they are. */
  readonly filterConfig?: (filterName: string, any: Any, cx: DecodeContext) => unknown;
  /** Reads the file or variable of a direct response's body; throws where it cannot. Without it both are refused. */
  readonly readBody?: (source: { readonly filename: string } | { readonly environmentVariable: string }) => Uint8Array;
}

/** What the decoders of virtual hosts and routes take from the table around them. */
export interface TableContext {
  readonly options: RouteDecodeOptions;
  readonly level: Level;
  readonly mostSpecificWins: boolean;
  readonly maxDirectResponseBytes: number;
  readonly clusterNames: Set<string>;
}

/** What the decoders of routes take from the virtual host around them. */
export interface HostContext {
  readonly table: TableContext;
  readonly virtualHost: VirtualHost;
  readonly level: Level;
  readonly retryPolicy: RetryPolicy | undefined;
  readonly bufferLimitBytes: number | undefined;
}
