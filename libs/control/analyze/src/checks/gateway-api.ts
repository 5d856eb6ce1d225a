import type { GRPCRouteSpec, HTTPRouteSpec, K8sGatewaySpec } from '@weft/api-kube';
import { hostsOverlap } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis, type Spot } from '../analysis.ts';

type Route = ConfigObject<HTTPRouteSpec | GRPCRouteSpec>;
type ParentRef = NonNullable<HTTPRouteSpec['parentRefs']>[number];
const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Routes without a parent, and references that nothing answers to or that nobody granted. */
export function checkGatewayApi(analysis: Analysis): void {
  const routes: Route[] = [...analysis.of(`${GATEWAY_GROUP}/HTTPRoute`), ...analysis.of(`${GATEWAY_GROUP}/GRPCRoute`)];
  for (const object of routes) {
    for (const [i, parent] of (object.spec.parentRefs ?? []).entries())
      checkParent(analysis, { object, path: `spec.parentRefs[${i}]` }, parent);
    for (const [i, { backendRefs = [] }] of (object.spec.rules ?? []).entries())
      for (const [j, backend] of backendRefs.entries()) {
        const { group, kind, name, namespace = object.ref.namespace } = backend;
        const path = `spec.rules[${i}].backendRefs[${j}]`;
        const spot = { object, path: `${path}.name` };
        if (namespace !== object.ref.namespace)
          checkGrant(analysis, { object, path: `${path}.namespace` }, { group, kind, name, namespace });
        if (
          group === '' &&
          kind === 'Service' &&
          analysis.names('Service').length > 0 &&
          analysis.find('Service', namespace, name) === undefined
        )
          analysis.report(
            'IST0101',
            spot,
            `Referenced service not found: "${namespace}/${name}". Its share of requests fails with 500.`,
            meant(nearest(name, analysis.names('Service')), 'add the Service'),
          );
      }
  }
  checkClasses(analysis);
}

function checkParent(analysis: Analysis, spot: Spot, parent: ParentRef): void {
  const { group = GATEWAY_GROUP, kind = 'Gateway', name, namespace = spot.object.ref.namespace, sectionName } = parent;
  if (group === '' && kind === 'Service') {
    if (analysis.names('Service').length > 0 && analysis.find('Service', namespace, name) === undefined)
      analysis.report(
        'WFT0108',
        { ...spot, path: `${spot.path}.name` },
        `The route's parent, Service ${namespace}/${name}, does not exist: the route has no effect.`,
        meant(nearest(name, analysis.names('Service')), 'add the Service'),
      );
    return;
  }
  if (group !== GATEWAY_GROUP || kind !== 'Gateway') return;
  const gateway = analysis.find('gateway.networking.k8s.io/Gateway', namespace, name);
  if (gateway === undefined) {
    analysis.report(
      'WFT0108',
      { ...spot, path: `${spot.path}.name` },
      `The route's parent, Gateway ${namespace}/${name}, does not exist: the route has no effect.`,
      meant(nearest(name, analysis.names('gateway.networking.k8s.io/Gateway')), 'add the Gateway'),
    );
    return;
  }
  const listeners = (gateway.spec.listeners ?? []).filter(
    (listener) => sectionName === undefined || listener.name === sectionName,
  );
  if (listeners.length === 0) {
    const names = (gateway.spec.listeners ?? []).map((listener) => listener.name);
    analysis.report(
      'WFT0108',
      { ...spot, path: `${spot.path}.sectionName` },
      `Gateway ${namespace}/${name} has no listener "${sectionName ?? ''}": the route has no effect.`,
      meant(nearest(sectionName ?? '', names), `use ${names.join(' or ')}`),
    );
  } else if (!listeners.some((listener) => takes(listener, { namespace, route: spot.object })))
    analysis.report(
      'WFT0108',
      spot,
      `No listener of Gateway ${namespace}/${name} takes the route: they are for other hosts or namespaces.`,
      'look at hostname and allowedRoutes of the listeners',
    );
}

function takes(
  listener: NonNullable<K8sGatewaySpec['listeners']>[number],
  { namespace, route }: { readonly namespace: string; readonly route: ConfigObject },
): boolean {
  const from = listener.allowedRoutes?.namespaces?.from ?? 'Same';
  if (from === 'Same' && route.ref.namespace !== namespace) return false;
  const { hostnames = [] } = (route as Route).spec;
  return (
    listener.hostname === undefined ||
    hostnames.length === 0 ||
    hostnames.some((host) => hostsOverlap(host, listener.hostname ?? ''))
  );
}

interface Target {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

function checkGrant(analysis: Analysis, spot: Spot, { group, kind, name, namespace }: Target): void {
  const { ref } = spot.object;
  const granted = analysis
    .of('gateway.networking.k8s.io/ReferenceGrant')
    .some(
      (grant) =>
        grant.ref.namespace === namespace &&
        grant.spec.from.some(
          (from) => from.group === ref.group && from.kind === ref.kind && from.namespace === ref.namespace,
        ) &&
        grant.spec.to.some(
          (to) => to.group === group && to.kind === kind && (to.name === undefined || to.name === name),
        ),
    );
  if (!granted)
    analysis.report(
      'WFT0109',
      spot,
      `No ReferenceGrant in namespace ${namespace} lets a ${ref.kind} of ${ref.namespace} use ${kind} ${name}: its share of requests fails with 500.`,
      `add a ReferenceGrant in ${namespace} from ${ref.kind} of ${ref.namespace} to ${kind}`,
    );
}

function checkClasses(analysis: Analysis): void {
  const classes = analysis.names('gateway.networking.k8s.io/GatewayClass');
  for (const object of analysis.of('gateway.networking.k8s.io/Gateway')) {
    const { gatewayClassName, listeners = [] } = object.spec;
    if (classes.length > 0 && !classes.includes(gatewayClassName))
      analysis.report(
        'IST0101',
        { object, path: 'spec.gatewayClassName' },
        `Referenced gatewayclass not found: "${gatewayClassName}". Nobody serves the Gateway.`,
        meant(nearest(gatewayClassName, classes), `use ${classes.join(' or ')}`),
      );
    for (const [i, { tls }] of listeners.entries())
      for (const [j, { kind, name, namespace = object.ref.namespace, group }] of (
        tls?.certificateRefs ?? []
      ).entries()) {
        const path = `spec.listeners[${i}].tls.certificateRefs[${j}]`;
        if (namespace !== object.ref.namespace)
          checkGrant(analysis, { object, path: `${path}.namespace` }, { group, kind, name, namespace });
        if (kind === 'Secret' && analysis.find('Secret', namespace, name) === undefined)
          analysis.report(
            'IST0101',
            { object, path: `${path}.name` },
            `Referenced secret not found: "${namespace}/${name}". The listener has no certificate and takes no connections.`,
            meant(nearest(name, analysis.names('Secret')), `add a Secret ${name} with tls.crt and tls.key`),
          );
      }
  }
}
