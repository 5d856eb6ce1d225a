export type { MeshConfig, MeshTracing, ReportService } from './config.ts';
export { labelsMatch, refKey, refText, type MeshObject, type ObjectRef } from './object.ts';
export { hostAliases, hostCovers, hostsOverlap, byHostSpecificity } from './host-name.ts';
export { isHttp, isHttp2, isTls, portProtocol, type Protocol } from './protocol.ts';
export {
  serviceKey,
  spiffeId,
  type MeshEndpoint,
  type MeshService,
  type Resolution,
  type ServicePort,
  type Workload,
  type WorkloadPort,
  type WorkloadRegistration,
  type WorkloadRegistrationPort,
} from './service.ts';
export { misnamed } from './service-sources.ts';
export type { Policies } from './policies.ts';
export { MeshSnapshotBuilder, workloadKey } from './builder.ts';
export { workloadEntry, workloadGroup } from './workload-sources.ts';
export { findService, isKnownHost, isVisible, resolveHost, servicesNamed, type MeshSnapshot } from './snapshot.ts';
export {
  inboundPorts,
  servicesServedBy,
  workloadOf,
  type InboundPort,
  type MeshProxy,
  type ProxyUpstream,
} from './proxy.ts';
export { upstreamFault } from './upstream-fault.ts';
export { viewKey, viewOf } from './proxy-view.ts';
export {
  boundVirtualServices,
  documentsOf,
  matchConcerns,
  rulesFor,
  shadowsOf,
  virtualServiceFor,
  virtualServicesAt,
  type BoundVirtualService,
  type RouteCall,
  type RuleForCall,
} from './virtual-service.ts';
export { absentPorts } from './absent-ports.ts';
export { MESH_GATEWAY } from './gateway-names.ts';
export { isDelegate, type BoundHttpRule, type DelegateFault } from './delegates.ts';
export { destinationRuleFor, portPolicy, type EffectiveDestinationRule, type PortPolicy } from './destination-rule.ts';
export { mtlsMode, type EffectiveMtls, type MtlsMode, type MtlsQuestion } from './peer-authentication.ts';
export {
  authorizationFor,
  isDryRun,
  targetRefsOf,
  type AuthorizationPolicy,
  type AuthorizationTarget,
  type EffectiveAuthorization,
} from './authorization-policy.ts';
export { meshConfigOf } from './mesh-config.ts';
export {
  authorizationProvider,
  customProvider,
  providerService,
  providersFor,
  type AuthorizationProvider,
  type ProviderService,
} from './authorization-provider.ts';
export { asksOnDemand, scopeOf, type ProxyScope } from './scope.ts';
export { sidecarFor } from './sidecar.ts';
export { programAddress, type IngressListener } from './ingress.ts';
export { destinationHosts } from './declared-hosts.ts';
export { egressOf, type EgressListener, type EgressPart, type EgressPort } from './egress.ts';
export { isGranted, type CrossReference } from './reference-grant.ts';
export {
  gatewayApiRoutes,
  isService,
  parentHost,
  parentRefs,
  routesForService,
  type GatewayApiRoute,
} from './gateway-api-route.ts';
export {
  findSecret,
  readSecretName,
  secretFault,
  secretField,
  secretParts,
  type SecretData,
  type SecretName,
} from './secret.ts';
export {
  apiPorts,
  clientAuthorities,
  gatewayPorts,
  gatewaySecrets,
  istioPorts,
  routesAtPort,
  selectsNamespace,
  apiGatewayOf,
  servesGateway,
  sharedHosts,
  type GatewayPort,
  type GatewaySecret,
  type GatewayTls,
} from './gateway.ts';
export { endpointsAt } from './endpoint-mtls.ts';
