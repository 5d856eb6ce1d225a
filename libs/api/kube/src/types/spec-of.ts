// Made by tools/generate-types.mjs. Do not edit.

import type { DestinationRuleSpec } from './destination-rule.ts';
import type { GatewaySpec } from './gateway.ts';
import type { ServiceEntrySpec } from './service-entry.ts';
import type { SidecarSpec } from './sidecar.ts';
import type { VirtualServiceSpec } from './virtual-service.ts';
import type { WorkloadEntrySpec } from './workload-entry.ts';
import type { WorkloadGroupSpec } from './workload-group.ts';
import type { AuthorizationPolicySpec } from './authorization-policy.ts';
import type { PeerAuthenticationSpec } from './peer-authentication.ts';
import type { HTTPRouteSpec } from './http-route.ts';
import type { GRPCRouteSpec } from './grpc-route.ts';
import type { K8sGatewaySpec } from './k8s-gateway.ts';
import type { GatewayClassSpec } from './gateway-class.ts';
import type { ReferenceGrantSpec } from './reference-grant.ts';
import type { ServiceProfileSpec } from './service-profile.ts';
import type { ServiceSpec } from './service.ts';
import type { NamespaceSpec } from './namespace.ts';
import type { SecretSpec } from './secret.ts';
import type { ServiceAccountSpec } from './service-account.ts';
import type { ConfigMapSpec } from './config-map.ts';

/** What the `spec` of each kind is, by group and kind; kinds without a spec have the document without its head. */
export interface SpecOf {
  readonly 'networking.istio.io/DestinationRule': DestinationRuleSpec;
  readonly 'networking.istio.io/Gateway': GatewaySpec;
  readonly 'networking.istio.io/ServiceEntry': ServiceEntrySpec;
  readonly 'networking.istio.io/Sidecar': SidecarSpec;
  readonly 'networking.istio.io/VirtualService': VirtualServiceSpec;
  readonly 'networking.istio.io/WorkloadEntry': WorkloadEntrySpec;
  readonly 'networking.istio.io/WorkloadGroup': WorkloadGroupSpec;
  readonly 'security.istio.io/AuthorizationPolicy': AuthorizationPolicySpec;
  readonly 'security.istio.io/PeerAuthentication': PeerAuthenticationSpec;
  readonly 'gateway.networking.k8s.io/HTTPRoute': HTTPRouteSpec;
  readonly 'gateway.networking.k8s.io/GRPCRoute': GRPCRouteSpec;
  readonly 'gateway.networking.k8s.io/Gateway': K8sGatewaySpec;
  readonly 'gateway.networking.k8s.io/GatewayClass': GatewayClassSpec;
  readonly 'gateway.networking.k8s.io/ReferenceGrant': ReferenceGrantSpec;
  readonly 'linkerd.io/ServiceProfile': ServiceProfileSpec;
  readonly Service: ServiceSpec;
  readonly Namespace: NamespaceSpec;
  readonly Secret: SecretSpec;
  readonly ServiceAccount: ServiceAccountSpec;
  readonly ConfigMap: ConfigMapSpec;
}
