import type { Report } from '../report.ts';
import type {
  AuthorizationPolicySpec,
  ConfigMapSpec,
  DestinationRuleSpec,
  GatewaySpec,
  GRPCRouteSpec,
  HTTPRouteSpec,
  ServiceEntrySpec,
  ServiceProfileSpec,
  SidecarSpec,
  VirtualServiceSpec,
  WorkloadEntrySpec,
} from '../types/index.ts';
import { checkAuthorizationPolicy } from './authorization-policy.ts';
import { checkDestinationRule } from './destination-rule.ts';
import { checkGateway } from './gateway.ts';
import { checkMeshConfig } from './mesh-config.ts';
import { checkGrpcRoute, checkHttpRoute, checkServiceProfile } from './routes.ts';
import { checkServiceEntry, checkWorkloadEntry } from './service-entry.ts';
import { checkSidecar } from './sidecar.ts';
import { checkVirtualService } from './virtual-service.ts';

/** What must hold of a kind and its schema cannot say; Istio's own admission checks the like. Paths begin with `spec`. */
export function checkSpec(kind: string, spec: unknown, report: Report): void {
  switch (kind) {
    case 'networking.istio.io/VirtualService':
      checkVirtualService(spec as VirtualServiceSpec, report);
      break;
    case 'networking.istio.io/DestinationRule':
      checkDestinationRule(spec as DestinationRuleSpec, report);
      break;
    case 'networking.istio.io/Gateway':
      checkGateway(spec as GatewaySpec, report);
      break;
    case 'networking.istio.io/ServiceEntry':
      checkServiceEntry(spec as ServiceEntrySpec, report);
      break;
    case 'networking.istio.io/WorkloadEntry':
      checkWorkloadEntry(spec as WorkloadEntrySpec, 'spec', report);
      break;
    case 'networking.istio.io/Sidecar':
      checkSidecar(spec as SidecarSpec, report);
      break;
    case 'security.istio.io/AuthorizationPolicy':
      checkAuthorizationPolicy(spec as AuthorizationPolicySpec, report);
      break;
    case 'gateway.networking.k8s.io/HTTPRoute':
      checkHttpRoute(spec as HTTPRouteSpec, report);
      break;
    case 'gateway.networking.k8s.io/GRPCRoute':
      checkGrpcRoute(spec as GRPCRouteSpec, report);
      break;
    case '/ConfigMap':
      checkMeshConfig((spec as ConfigMapSpec).data?.mesh, report);
      break;
    case 'linkerd.io/ServiceProfile':
      checkServiceProfile(spec as ServiceProfileSpec, report);
      break;
  }
}
