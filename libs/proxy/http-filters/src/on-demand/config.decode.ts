import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  OnDemand,
  OnDemandCds,
  PerRouteConfig,
} from '@weft/api-envoy/gen/envoy/extensions/filters/http/on_demand/v3/on_demand_pb';
import { decodeStreamSource } from '@weft/model-config-source';
import { durationMs } from '@weft/model-policy';
import type { ClusterDiscoverySource } from '@weft/proxy-filter-api';

const PACKAGE = 'envoy.extensions.filters.http.on_demand.v3';
export const ON_DEMAND_TYPE = `${PACKAGE}.OnDemand`;
export const ON_DEMAND_ROUTE_TYPE = `${PACKAGE}.PerRouteConfig`;

const DEFAULT_TIMEOUT_MS = 5000;

/** Source: OnDemand v3, and PerRouteConfig, which takes its place on a route. */
export interface OnDemandConfig {
  /** Undefined: clusters are not asked for. */
  readonly odcds: OnDemandClusters | undefined;
}

export interface OnDemandClusters extends ClusterDiscoverySource {
  /** How long a request waits for its cluster, in milliseconds. Default 5,000. */
  readonly timeoutMs: number;
}

export const onDemandFilterSupport: FieldSupport = {
  [ON_DEMAND_TYPE]: ['odcds'],
  [ON_DEMAND_ROUTE_TYPE]: ['odcds'],
  [`${PACKAGE}.OnDemandCds`]: ['source', 'resources_locator', 'timeout'],
};

export function decodeOnDemand(message: Message, cx: DecodeContext): OnDemandConfig | undefined {
  const { odcds } = message as OnDemand | PerRouteConfig;
  if (odcds === undefined) return { odcds: undefined };
  const clusters = decodeClusters(odcds, cx.at('odcds'));
  return clusters && { odcds: clusters };
}

function decodeClusters(message: OnDemandCds, cx: DecodeContext): OnDemandClusters | undefined {
  const from = decodeStreamSource(message.source, message.resourcesLocator, {
    source: cx.at('source'),
    locator: cx.at('resources_locator'),
  });
  return from && { ...from, timeoutMs: durationMs(message.timeout, DEFAULT_TIMEOUT_MS) };
}
