import type { VirtualServiceHttpMatch, VirtualServiceSpec } from '@weft/api-kube';
import { delegatedRules, isDelegate, type BoundHttpRule, type DelegatedRules } from './delegates.ts';
import { gatewayNames, MESH_GATEWAY } from './gateway-names.ts';
import { byHostSpecificity, hostCovers } from './host-name.ts';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshProxy } from './proxy.ts';
import { isVisible, resolveHost, type MeshSnapshot } from './snapshot.ts';

/** A VirtualService with the names in it made full, and the rules of its delegates in their places. */
export interface BoundVirtualService extends DelegatedRules {
  readonly object: MeshObject<VirtualServiceSpec>;
  readonly hosts: readonly string[];
  /** `mesh`, or `namespace/name` of a Gateway. Of a delegate none. */
  readonly gateways: readonly string[];
}

const bound = new WeakMap<MeshSnapshot, readonly BoundVirtualService[]>();

/** Every VirtualService, oldest first. */
export function boundVirtualServices(snapshot: MeshSnapshot): readonly BoundVirtualService[] {
  let list = bound.get(snapshot);
  if (list === undefined) {
    const all = snapshot.policies.virtualServices;
    const named = new Map(all.map((object) => [`${object.ref.namespace}/${object.ref.name}`, object]));
    list = all.map((object) => ({
      object,
      hosts: (object.spec.hosts ?? []).map((host) => resolveHost(snapshot, host, object.ref.namespace)),
      gateways: isDelegate(object) ? [] : gatewayNames(object.spec.gateways, object.ref.namespace),
      ...delegatedRules(object, (namespace, name) => named.get(`${namespace}/${name}`)),
    }));
    bound.set(snapshot, list);
  }
  return list;
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
export interface RuleForCall extends BoundHttpRule {
  readonly matches: readonly (VirtualServiceHttpMatch | undefined)[];
}

/** The rules of a VirtualService and its delegates that can concern a call, in order. */
export function rulesFor({ http }: BoundVirtualService, call: RouteCall): RuleForCall[] {
  return http.flatMap(({ rule, by }): RuleForCall[] => {
    const all = rule.match ?? [];
    if (all.length === 0) return [{ rule, by, matches: [undefined] }];
    const matches = all.filter((match) => matchConcerns(match, call, by.ref.namespace));
    return matches.length === 0 ? [] : [{ rule, by, matches }];
  });
}

/** Every document that its rules are from: itself, and its delegates. */
export function documentsOf({ object, http }: BoundVirtualService): readonly MeshObject<VirtualServiceSpec>[] {
  return [...new Set([object, ...http.map(({ by }) => by)])];
}
