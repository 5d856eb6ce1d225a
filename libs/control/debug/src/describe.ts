import {
  authorizationFor,
  findService,
  gatewayPorts,
  inboundPorts,
  isDryRun,
  mtlsMode,
  refText,
  resolveHost,
  servicesServedBy,
  spiffeId,
  workloadKey,
  type AuthorizationTarget,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
  type Workload,
} from '@weft/control-mesh';
import { nearest } from '@weft/core-config-text';
import { found, refused, type DebugRequest, type DebugResponse } from './debug-route.ts';
import type { DebugSource } from './debug-source.ts';
import type { Description, MtlsDescription, PolicyDescription, WorkloadDescription } from './description.ts';
import { describeService } from './describe-service.ts';
import { shortHost } from './edges.ts';

/** `?workload=NAME.NAMESPACE` or `?service=NAME.NAMESPACE`; without a namespace `default`. */
export function describe(
  source: DebugSource,
  mesh: MeshSnapshot,
  { query }: Pick<DebugRequest, 'query'>,
): DebugResponse {
  const workload = query.get('workload');
  const service = query.get('service');
  if (workload !== null) return describeWorkload(source, mesh, workload);
  if (service === null || service === '')
    return refused(400, 'workload or service is missing', '/debug/describe?service=NAME.NAMESPACE');
  const what = serviceNamed(mesh, service);
  if (what === undefined) {
    const names = [...mesh.services.values()].map(({ hostname }) => shortHost(hostname));
    return missing('service', service, names);
  }
  const description: Description = describeService({ source, mesh }, what);
  return found(description);
}

function missing(noun: string, wanted: string, names: readonly string[]): DebugResponse {
  const suggestion = nearest(wanted.split('.')[0] ?? wanted, names);
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
  return refused(404, `the mesh has no ${noun} "${wanted}"${hint}`, `names are NAME, NAME.NAMESPACE or NAMESPACE/NAME`);
}

/** By `name`, `name.namespace`, `namespace/name`, or the whole host. */
function serviceNamed(mesh: MeshSnapshot, text: string): MeshService | undefined {
  const [namespace = 'default', name = text] = text.includes('/') ? text.split('/') : [undefined, text];
  const host = resolveHost(mesh, name, namespace);
  return findService(mesh, host, host.split('.')[1] ?? namespace) ?? findService(mesh, host, namespace);
}

function workloadNamed(mesh: MeshSnapshot, text: string): Workload | undefined {
  const [first = '', second] = text.includes('/') ? text.split('/').toReversed() : splitName(text);
  return mesh.workloads.get(workloadKey({ namespace: second ?? 'default', name: first }));
}

function splitName(text: string): [string, string | undefined] {
  const dot = text.lastIndexOf('.');
  return dot < 0 ? [text, undefined] : [text.slice(0, dot), text.slice(dot + 1)];
}

function describeWorkload(source: DebugSource, mesh: MeshSnapshot, wanted: string): DebugResponse {
  const workload = workloadNamed(mesh, wanted);
  if (workload === undefined) {
    const gateway = gatewayNamed(source, wanted);
    if (gateway !== undefined) return found(describeGateway(mesh, gateway));
    return missing(
      'workload',
      wanted,
      [...mesh.workloads.values()].map(({ name }) => name),
    );
  }
  const { name, namespace, labels, identity, proxied } = workload;
  const proxy = proxyOf(source, workload);
  const ports = inboundPorts(mesh, proxy);
  const owner = workload.service === '' ? (labels['app'] ?? name) : shortHost(workload.service);
  const description: WorkloadDescription = {
    kind: 'workload',
    name,
    namespace,
    ports: [
      ...ports.flatMap(({ appPort, listenPort }) => [
        { port: appPort, owner },
        ...(listenPort === appPort ? [] : [{ port: listenPort, owner: 'weft-proxy' }]),
      ]),
      ...metricsPorts(source, proxy).map((port) => ({ port, owner: 'istio-proxy' })),
    ],
    // Telemetry is the sidecar's.
    missingLabels: proxied ? ['app', 'version'].filter((label) => labels[label] === undefined) : [],
    identity,
    proxied,
    connected: source.proxies().some(({ node }) => node?.id === proxy.id),
    services: servicesServedBy(mesh, proxy).map((service) => describeService({ source, mesh }, service, workload)),
    mtls: ports.map(({ appPort }) => mtlsAt(mesh, workload, appPort)),
    policies: policiesOf(mesh, workload),
  };
  return found(description);
}

/** Where a sidecar that has ports of its own shows its metrics, by what its node says of itself: Istio's 15090. */
function metricsPorts(source: DebugSource, { id }: MeshProxy): number[] {
  const node = source.proxies().find((one) => one.node?.id === id)?.node;
  const port = Number(node?.metadata['ENVOY_PROMETHEUS_PORT'] ?? NaN);
  return Number.isInteger(port) && port > 0 ? [port] : [];
}

/** A gateway is no workload that anybody registers: it is known while it is connected. */
function gatewayNamed(source: DebugSource, text: string): MeshProxy | undefined {
  const [name = '', namespace] = text.includes('/') ? text.split('/').toReversed() : splitName(text);
  const named = source.proxies().flatMap(({ node }) => {
    const proxy = node === undefined ? undefined : source.meshProxy(node.id);
    return proxy?.role === 'gateway' && proxy.name === name ? [proxy] : [];
  });
  if (namespace !== undefined) return named.find((proxy) => proxy.namespace === namespace);
  return named.find((proxy) => proxy.namespace === 'default') ?? named[0];
}

function describeGateway(mesh: MeshSnapshot, proxy: MeshProxy): WorkloadDescription {
  const { name, namespace, labels, serviceAccount } = proxy;
  const ports = gatewayPorts(mesh, proxy);
  return {
    kind: 'workload',
    role: 'gateway',
    name,
    namespace,
    ports: ports.map(({ port, gateway, section }) => ({ port, owner: `Gateway ${gateway}, ${section}` })),
    missingLabels: [],
    identity: spiffeId(mesh.config.trustDomain, namespace, serviceAccount),
    proxied: true,
    connected: true,
    services: [],
    mtls: ports.map(({ port, tls, source: { object } }) => ({
      port,
      mode: tls?.mode ?? 'NONE',
      by: refText(object.ref),
    })),
    policies: policiesOf(mesh, { namespace, labels, gateways: [`${namespace}/${name}`] }),
  };
}

function mtlsAt(mesh: MeshSnapshot, { namespace, labels }: Workload, port: number): MtlsDescription {
  const { mode, source } = mtlsMode(mesh, { namespace, labels, port });
  return { port, mode, by: source && refText(source.ref) };
}

function policiesOf(
  mesh: MeshSnapshot,
  { namespace, labels, gateways = [] }: AuthorizationTarget,
): PolicyDescription[] {
  const { deny, allow, custom, audit } = authorizationFor(mesh, { namespace, labels, gateways });
  return [...custom, ...audit, ...deny, ...allow].map((policy) => ({
    name: policy.ref.name,
    namespace: policy.ref.namespace,
    action: policy.spec.action ?? 'ALLOW',
    rules: policy.spec.rules?.length ?? 0,
    dryRun: isDryRun(policy),
  }));
}

/** Its proxy as it called itself; where it is not connected, as it would. */
function proxyOf(source: DebugSource, workload: Workload): MeshProxy {
  const { namespace, name, labels, serviceAccount, addresses, locality } = workload;
  for (const { node } of source.proxies()) {
    const proxy = node === undefined ? undefined : source.meshProxy(node.id);
    if (proxy !== undefined && proxy.name === name && proxy.namespace === namespace) return proxy;
  }
  const id = `sidecar~${addresses[0] ?? ''}~${name}.${namespace}~${namespace}.svc.cluster.local`;
  const traffic = 'capture';
  return {
    id,
    role: 'sidecar',
    namespace,
    name,
    labels,
    serviceAccount,
    addresses,
    traffic,
    upstreams: [],
    dialled: [],
    locality,
  };
}
