import type { GatewayServerTls, GatewaySpec, K8sGatewayListener, K8sGatewaySpec } from '@weft/api-kube';
import { parentRefs, type GatewayApiRoute } from './gateway-api-route.ts';
import { hostCovers, hostsOverlap } from './host-name.ts';
import { labelsMatch, type MeshObject } from './object.ts';
import { declaredProtocol, type Protocol } from './protocol.ts';
import type { MeshProxy } from './proxy.ts';
import { isGranted } from './reference-grant.ts';
import { AUTHORITIES_SUFFIX } from './secret.ts';
import type { MeshSnapshot } from './snapshot.ts';

/** How a gateway's port is secured. */
export interface GatewayTls {
  readonly mode: NonNullable<GatewayServerTls['mode']>;
  /** Secrets with a certificate, by the names that SDS asks for. */
  readonly credentials: readonly string[];
  /** What an Istio Gateway says beyond that; absent for the Gateway API. */
  readonly settings: GatewayServerTls | undefined;
}

/** One port of a Gateway, of Istio's or of the Gateway API's. */
export interface GatewayPort {
  /** `namespace/name`. */
  readonly gateway: string;
  /** The server's or listener's name; its place where it has none. */
  readonly section: string;
  readonly port: number;
  /** Default 0.0.0.0. */
  readonly bind: string;
  readonly protocol: Protocol;
  /** Names and wildcards; `namespace` is where routes for them may come from: a name or `*`. */
  readonly hosts: readonly { readonly namespace: string; readonly host: string }[];
  readonly tls: GatewayTls | undefined;
  /** Plain requests are sent to https. */
  readonly httpsRedirect: boolean;
  readonly source: { readonly api: 'istio'; readonly object: MeshObject<GatewaySpec> } | ListenerSource;
}

interface ListenerSource {
  readonly api: 'gateway-api';
  readonly object: MeshObject<K8sGatewaySpec>;
  readonly listener: K8sGatewayListener;
}

/** The label by which a proxy says which Gateway of the Gateway API it serves. */
export const GATEWAY_NAME_LABEL = 'gateway.networking.k8s.io/gateway-name';

/** `namespace/name` of the Gateway of the Gateway API that a proxy serves, if there is such; none: it is no gateway. */
export function apiGatewayOf({ role, namespace, name, labels }: MeshProxy): readonly string[] {
  return role === 'gateway' ? [`${namespace}/${labels[GATEWAY_NAME_LABEL] ?? name}`] : [];
}

/** True where the proxy serves the gateway: chosen by labels, or for the Gateway API by name in its namespace. */
export function servesGateway(proxy: MeshProxy, object: MeshObject): boolean {
  const { ref, spec } = object;
  if (ref.group !== 'networking.istio.io') return apiGatewayOf(proxy).includes(`${ref.namespace}/${ref.name}`);
  return proxy.role === 'gateway' && labelsMatch((spec as GatewaySpec).selector, proxy.labels);
}

/** Every port that a proxy is to open, of the oldest gateway first. */
export function gatewayPorts(snapshot: MeshSnapshot, proxy: MeshProxy): GatewayPort[] {
  const { gateways, k8sGateways } = snapshot.policies;
  return [
    ...gateways.filter((object) => servesGateway(proxy, object)).flatMap(istioPorts),
    ...k8sGateways.filter((object) => servesGateway(proxy, object)).flatMap((object) => apiPorts(snapshot, object)),
  ];
}

export function istioPorts(object: MeshObject<GatewaySpec>): GatewayPort[] {
  const { ref, spec } = object;
  return (spec.servers ?? []).map(({ name, port, bind, hosts, tls }, i) => ({
    gateway: `${ref.namespace}/${ref.name}`,
    section: name ?? port.name ?? String(i),
    port: port.number,
    bind: bind === undefined || bind === '' ? '0.0.0.0' : bind,
    protocol: declaredProtocol(port.protocol) ?? 'tcp',
    hosts: hosts.map((text) => gatewayHost(text, ref.namespace)),
    tls:
      tls === undefined || (tls.httpsRedirect === true && tls.mode === undefined)
        ? undefined
        : { mode: tls.mode ?? 'SIMPLE', credentials: credentialNames(tls), settings: tls },
    httpsRedirect: tls?.httpsRedirect ?? false,
    source: { api: 'istio', object },
  }));
}

function gatewayHost(text: string, namespace: string): { readonly namespace: string; readonly host: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: '*', host: text };
  const from = text.slice(0, slash);
  return { namespace: from === '.' ? namespace : from, host: text.slice(slash + 1) };
}

function credentialNames({ credentialName, credentialNames: several = [] }: GatewayServerTls): string[] {
  return [...(credentialName === undefined || credentialName === '' ? [] : [credentialName]), ...several].map((name) =>
    name.includes('://') ? name : `kubernetes://${name}`,
  );
}

/** The Secret that a server shows a certificate from, or checks its clients by, and the field that names it. */
export interface GatewaySecret {
  readonly name: string;
  readonly field: 'credentialName' | 'caCertCredentialName' | 'certificateRefs';
}

/** What clients are checked by, where that is a Secret. Source: Gateway's caCertCredentialName, else credentialName. */
export function clientAuthorities({ mode, credentials: [first], settings }: GatewayTls): string | undefined {
  if (mode !== 'MUTUAL' && mode !== 'OPTIONAL_MUTUAL') return undefined;
  const own = settings?.caCertCredentialName ?? '';
  if (own !== '') return `${own.includes('://') ? own : `kubernetes://${own}`}${AUTHORITIES_SUFFIX}`;
  return first === undefined ? undefined : `${first}${AUTHORITIES_SUFFIX}`;
}

/** Every Secret that a port asks for. */
export function gatewaySecrets({ tls, source }: GatewayPort): GatewaySecret[] {
  if (tls === undefined || !['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(tls.mode)) return [];
  const field = source.api === 'istio' ? 'credentialName' : 'certificateRefs';
  const authorities = clientAuthorities(tls);
  return [
    ...tls.credentials.map((name) => ({ name, field }) as const),
    ...(authorities === undefined
      ? []
      : [{ name: authorities, field: tls.settings?.caCertCredentialName ? 'caCertCredentialName' : field } as const]),
  ];
}

export function apiPorts(snapshot: MeshSnapshot, object: MeshObject<K8sGatewaySpec>): GatewayPort[] {
  const { ref, spec } = object;
  return spec.listeners.map((listener) => ({
    gateway: `${ref.namespace}/${ref.name}`,
    section: listener.name,
    port: listener.port,
    bind: '0.0.0.0',
    protocol: declaredProtocol(listener.protocol) ?? 'tcp',
    hosts: [{ namespace: '*', host: listener.hostname ?? '*' }],
    tls: listenerTls(snapshot, object, listener),
    httpsRedirect: false,
    source: { api: 'gateway-api', object, listener },
  }));
}

function listenerTls(
  snapshot: MeshSnapshot,
  { ref }: MeshObject<K8sGatewaySpec>,
  { tls }: K8sGatewayListener,
): GatewayTls | undefined {
  if (tls === undefined) return undefined;
  const credentials = (tls.certificateRefs ?? []).flatMap(({ name, namespace = ref.namespace, group, kind }) => {
    const to = { group: group ?? '', kind: kind ?? 'Secret', namespace, name };
    return isGranted(snapshot, { from: ref, to }) ? [`kubernetes-gateway://${namespace}/${name}`] : [];
  });
  return { mode: tls.mode === 'Passthrough' ? 'PASSTHROUGH' : 'SIMPLE', credentials, settings: undefined };
}

/** The hosts that a route has at a port: what both say, the narrower of each pair. Empty: the route is not for this port. */
export function sharedHosts(port: GatewayPort, hosts: readonly string[], namespace: string): string[] {
  const shared = port.hosts.flatMap((server) => {
    if (server.namespace !== '*' && server.namespace !== namespace) return [];
    if (hosts.length === 0) return [server.host];
    return hosts
      .filter((host) => hostsOverlap(server.host, host))
      .map((host) => (hostCovers(server.host, host) ? host : server.host));
  });
  return [...new Set(shared)];
}

/** The routes of the Gateway API that name this port as their parent and are let in. */
export function routesAtPort(
  snapshot: MeshSnapshot,
  port: GatewayPort,
  routes: readonly GatewayApiRoute[],
): GatewayApiRoute[] {
  const { source } = port;
  if (source.api !== 'gateway-api') return [];
  return routes.filter(
    ({ kind, object }) =>
      parentRefs(object).some((parent) => {
        const isGateway = parent.kind === 'Gateway' && parent.group === 'gateway.networking.k8s.io';
        return (
          isGateway &&
          `${parent.namespace ?? object.ref.namespace}/${parent.name}` === port.gateway &&
          (parent.sectionName === undefined || parent.sectionName === port.section) &&
          (parent.port === undefined || parent.port === port.port)
        );
      }) && isAllowed(snapshot, source, { kind, namespace: object.ref.namespace }),
  );
}

/** `allowedRoutes`: whose routes a listener takes. */
function isAllowed(
  { policies }: MeshSnapshot,
  { object, listener }: ListenerSource,
  route: { readonly kind: GatewayApiRoute['kind']; readonly namespace: string },
): boolean {
  const { allowedRoutes }: Partial<K8sGatewayListener> = listener;
  const kinds = allowedRoutes?.kinds;
  const wanted = route.kind === 'http' ? 'HTTPRoute' : 'GRPCRoute';
  if (kinds !== undefined && kinds.length > 0 && !kinds.some(({ kind }) => kind === wanted)) return false;
  const from = allowedRoutes?.namespaces.from ?? 'Same';
  if (from === 'All') return true;
  if (from === 'Same') return route.namespace === object.ref.namespace;
  const labels = policies.namespaces.find(({ ref }) => ref.name === route.namespace)?.labels ?? {};
  return selectsNamespace(listener, { name: route.namespace, labels });
}

/** True where a listener asks for labels of namespaces that its routes come from, and a namespace has them. */
export function selectsNamespace(
  { allowedRoutes }: Partial<K8sGatewayListener>,
  { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): boolean {
  const { from, selector } = allowedRoutes?.namespaces ?? {};
  if (from !== 'Selector') return false;
  const withName = { 'kubernetes.io/metadata.name': name, ...labels };
  return (
    labelsMatch(selector?.matchLabels, withName) &&
    (selector?.matchExpressions ?? []).every((one) => expressionHolds(one, withName))
  );
}

function expressionHolds(
  {
    key,
    operator,
    values = [],
  }: { readonly key: string; readonly operator: string; readonly values?: readonly string[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
