import type { JsonObject } from '@bufbuild/protobuf';
import type { Locality } from './locality.ts';

/** Who a proxy says it is. */
export interface XdsNode {
  readonly id: string;
  readonly cluster: string;
  readonly locality: Locality;
  readonly metadata: JsonObject;
  /** `envoy`, `weft` … */
  readonly userAgentName: string;
  /** `1.40.0`; empty when it does not say. */
  readonly userAgentVersion: string;
  readonly clientFeatures: readonly string[];
}
