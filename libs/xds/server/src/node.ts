import type { JsonObject } from '@bufbuild/protobuf';

/** Who a proxy says it is (B33). */
export interface XdsNode {
  readonly id: string;
  readonly cluster: string;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly metadata: JsonObject;
  /** `envoy`, `weft` … */
  readonly userAgentName: string;
  /** `1.40.0`; empty when it does not say. */
  readonly userAgentVersion: string;
  readonly clientFeatures: readonly string[];
}
