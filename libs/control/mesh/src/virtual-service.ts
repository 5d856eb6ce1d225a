import type { VirtualServiceHttp, VirtualServiceHttpMatch, VirtualServiceSpec } from '@weft/api-kube';
import { byHostSpecificity, hostCovers } from './host-name.ts';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshProxy } from './proxy.ts';
import { isVisible, resolveHost, type MeshSnapshot } from './snapshot.ts';

/** The gateway name that stands for all sidecars. */
export const MESH_GATEWAY = 'mesh';

/** A VirtualService with the names in it made full. */
export interface BoundVirtualService {
  readonly object: MeshObject<VirtualServiceSpec>;
  readonly hosts: readonly string[];
  /** `mesh`, or `namespace/name` of a Gateway. */
  readonly gateways: readonly string[];
}

const bound = new WeakMap<MeshSnapshot, readonly BoundVirtualService[]>();

/** Every VirtualService, oldest first. */
export function boundVirtualServices(snapshot: MeshSnapshot): readonly BoundVirtualService[] {
  let list = bound.get(snapshot);
  if (list === undefined) {
    list = snapshot.policies.virtualServices.map((object) => ({
      object,
      hosts: (object.spec.hosts ?? []).map((host) => resolveHost(snapshot, host, object.ref.namespace)),
      gateways: gatewayNames(object.spec.gateways, object.ref.namespace),
    }));
    bound.set(snapshot, list);
  }
  return list;
}

/** `gateways` in full; none is the mesh. Source: VirtualService.gateways. */
export function gatewayNames(names: readonly string[] | undefined, namespace: string): string[] {
  if (names === undefined || names.length === 0) return [MESH_GATEWAY];
  return names.map((name) => gatewayName(name, namespace));
}

function gatewayName(name: string, namespace: string): string {
  if (name === MESH_GATEWAY || name.includes('/')) return name;
  // The older form is a host name: `gw.namespace.svc.cluster.local`.
  const [first, second] = name.split('.');
  return second === undefined ? `${namespace}/${name}` : `${second}/${first ?? ''}`;
}

/** Those that a client in `namespace` may be subject to at a gateway, oldest first. */
export function virtualServicesAt(snapshot: MeshSnapshot, gateway: string, namespace: string): BoundVirtualService[] {
  return boundVirtualServices(snapshot).filter(
    ({ object, gateways }) =>
      gateways.includes(gateway) &&
      isVisible({ namespace: object.ref.namespace, exportTo: object.spec.exportTo }, namespace),
  );
}

/**
 * The one VirtualService that steers calls to a host inside the mesh: the most specific host wins, of equal ones the oldest;
 * those of the mesh are not merged. Source: Istio; analyzer code IST0109.
 */
export function virtualServiceFor(
  candidates: readonly BoundVirtualService[],
  host: string,
): BoundVirtualService | undefined {
  const { exact, wild } = hostsOf(candidates);
  return exact.get(host) ?? wild.find(({ pattern }) => hostCovers(pattern, host))?.service;
}

interface HostsOfList {
  readonly exact: ReadonlyMap<string, BoundVirtualService>;
  /** The most specific first. */
  readonly wild: readonly { readonly pattern: string; readonly service: BoundVirtualService }[];
}

const hostsByList = new WeakMap<readonly BoundVirtualService[], HostsOfList>();

/** Who has each host: worked out once for a list, since every service of a proxy asks the same one. */
function hostsOf(candidates: readonly BoundVirtualService[]): HostsOfList {
  let known = hostsByList.get(candidates);
  if (known === undefined) {
    const exact = new Map<string, BoundVirtualService>();
    for (const service of candidates) for (const host of service.hosts) if (!exact.has(host)) exact.set(host, service);
    const wild = [...exact]
      .filter(([pattern]) => pattern.startsWith('*'))
      .map(([pattern, service]) => ({ pattern, service }))
      .sort((a, b) => byHostSpecificity(a.pattern, b.pattern));
    hostsByList.set(candidates, (known = { exact, wild }));
  }
  return known;
}

/** Why a VirtualService has no effect on a host: who has it instead. */
export function shadowsOf(snapshot: MeshSnapshot, mine: BoundVirtualService): readonly MeshObject[] {
  if (!mine.gateways.includes(MESH_GATEWAY)) return [];
  const others = boundVirtualServices(snapshot).filter(({ gateways }) => gateways.includes(MESH_GATEWAY));
  const winners = mine.hosts.map((host) => others.find(({ hosts }) => hosts.includes(host)));
  return winners.flatMap((winner) => (winner === undefined || winner === mine ? [] : [winner.object]));
}

/** Where a route is asked about: the proxy, the gateway it acts for, and the port that calls arrive at. */
export interface RouteCall {
  readonly proxy: MeshProxy;
  /** `mesh` or `namespace/name`. */
  readonly gateway: string;
  readonly port: number;
}

/** True where this client at this port may be subject to the match; what it asks of requests is for the route to ask. */
export function matchConcerns(
  match: Pick<VirtualServiceHttpMatch, 'gateways' | 'port' | 'sourceLabels' | 'sourceNamespace'>,
  { proxy, gateway, port }: RouteCall,
  namespace: string,
): boolean {
  if (match.gateways !== undefined && match.gateways.length > 0) {
    if (!gatewayNames(match.gateways, namespace).includes(gateway)) return false;
  }
  if (match.port !== undefined && match.port !== port) return false;
  if (match.sourceNamespace !== undefined && match.sourceNamespace !== proxy.namespace) return false;
  return labelsMatch(match.sourceLabels, proxy.labels);
}

/** A rule, and those of its matches that can concern a call; undefined matches everything. */
export interface RuleForCall {
  readonly rule: VirtualServiceHttp;
  readonly matches: readonly (VirtualServiceHttpMatch | undefined)[];
}

/** The rules of a VirtualService that can concern a call, in order. */
export function rulesFor({ object }: BoundVirtualService, call: RouteCall): RuleForCall[] {
  return (object.spec.http ?? []).flatMap((rule): RuleForCall[] => {
    const all = rule.match ?? [];
    if (all.length === 0) return [{ rule, matches: [undefined] }];
    const matches = all.filter((match) => matchConcerns(match, call, object.ref.namespace));
    return matches.length === 0 ? [] : [{ rule, matches }];
  });
}
