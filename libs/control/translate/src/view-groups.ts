import type { DestinationRuleSpec } from '@weft/api-kube';
import {
  boundVirtualServices,
  gatewayApiRoutes,
  hostCovers,
  isService,
  parentHost,
  parentRefs,
  resolveHost,
  scopeOf,
  servicesNamed,
  viewKey,
  viewOf,
  type MeshObject,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
  type ProxyScope,
} from '@weft/control-mesh';
import { TranslateContext } from './context.ts';
import { egressListeners } from './egress-listeners.ts';
import { gateways } from './gateways.ts';
import { grpcListeners } from './grpc-clients.ts';
import { servicesTold } from './outbound-clusters.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { httpPorts, outboundRoutes } from './outbound-routes.ts';
import { emptyDraft } from './resources.ts';
import { Trace } from './trace.ts';
import { upstreamListeners } from './upstream-listeners.ts';

type Rule = MeshObject<DestinationRuleSpec>;

/** Proxies whose calls outward go the same ways, and what is behind these. */
export interface ViewGroup {
  /** Any of them, without what makes it differ from the others (`viewOf`). */
  readonly view: MeshProxy;
  readonly proxies: readonly MeshProxy[];
  /** A gateway has none: it calls what its routes name. */
  readonly scope: ProxyScope | undefined;
  /** The services that they can call. */
  readonly services: ReadonlySet<MeshService>;
  /** DestinationRules in effect, each with those that it is merged with, the oldest first. */
  readonly rules: ReadonlyMap<Rule, readonly Rule[]>;
  readonly trace: Trace;
}

const PROXIES_A_STEP = 100;

/** Everything that makes listeners and routes of calls outward. */
const TRACED = [egressListeners, outboundListeners, outboundRoutes, upstreamListeners, grpcListeners, gateways];

/**
 * Groups proxies by what they see and makes the listeners and routes of each group once, and of those only the ones that a
 * document can be behind. Yields every few milliseconds of work, and after each group, so that who has other things to do can stop in between.
 */
export function* viewGroups(snapshot: MeshSnapshot, proxies: readonly MeshProxy[]): Generator<void, ViewGroup[]> {
  const members = new Map<string, { readonly view: MeshProxy; readonly proxies: MeshProxy[] }>();
  for (const [i, proxy] of proxies.entries()) {
    if (i % PROXIES_A_STEP === PROXIES_A_STEP - 1) yield;
    const view = proxy.role === 'gateway' ? { ...proxy, id: '', addresses: [] } : viewOf(snapshot, proxy);
    const key = viewKey(view);
    const known = members.get(key);
    if (known === undefined) members.set(key, { view, proxies: [proxy] });
    else known.proxies.push(proxy);
  }
  yield;
  const steered = servicesOf(snapshot, steeredHosts(snapshot));
  const ruled = servicesOf(snapshot, ruledHosts(snapshot));
  yield;
  const groups: ViewGroup[] = [];
  for (const member of members.values()) {
    groups.push(groupOf(snapshot, member, { steered, ruled }));
    yield;
  }
  return groups;
}

/** What is behind the calls of one proxy. */
export function traceOf(snapshot: MeshSnapshot, proxy: MeshProxy): Trace {
  const steps = viewGroups(snapshot, [proxy]);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value[0]?.trace ?? new Trace();
  }
}

interface Concerned {
  readonly steered: ReadonlySet<MeshService>;
  readonly ruled: ReadonlySet<MeshService>;
}

function groupOf(
  snapshot: MeshSnapshot,
  { view, proxies }: Pick<ViewGroup, 'view' | 'proxies'>,
  { steered, ruled }: Concerned,
): ViewGroup {
  const trace = new Trace();
  const whole = view.role === 'sidecar' ? scopeOf(snapshot, view) : undefined;
  const cx = new TranslateContext(snapshot, view, {
    trace,
    ...(whole === undefined ? {} : { scope: narrowed(whole, steered) }),
  });
  const draft = emptyDraft();
  for (const aspect of TRACED) aspect(cx, draft);
  const services = new Set(callable(cx, whole));
  const rules = new Map<Rule, readonly Rule[]>();
  for (const service of services) {
    const sources = ruled.has(service) ? (cx.rule(service)?.sources ?? []) : [];
    for (const rule of sources) if (!rules.has(rule)) rules.set(rule, sources);
  }
  return { view, proxies, scope: whole, services, rules, trace };
}

function callable(cx: TranslateContext, scope: ProxyScope | undefined): Iterable<MeshService> {
  if (scope === undefined) return servicesTold(cx);
  // It has no way to call what it named no port of its machine for.
  return cx.proxy.traffic === 'explicit' ? cx.needed : [...scope.services, ...cx.needed];
}

/** A scope of the services that documents steer calls to; of the others one, where there would be no HTTP listener else. */
function narrowed(scope: ProxyScope, steered: ReadonlySet<MeshService>): ProxyScope {
  const some = scope.services.find((service) => httpPorts([service]).includes(80));
  const parts = new Map<readonly MeshService[], readonly MeshService[]>();
  const few = (services: readonly MeshService[]): readonly MeshService[] => {
    const known = parts.get(services) ?? services.filter((service) => service === some || steered.has(service));
    parts.set(services, known);
    return known;
  };
  return {
    ...scope,
    services: few(scope.services),
    captured: { ...scope.captured, services: few(scope.captured.services) },
    listeners: scope.listeners.map((one) => ({ ...one, services: few(one.services) })),
  };
}

function steeredHosts(snapshot: MeshSnapshot): string[] {
  const { serviceProfiles } = snapshot.policies;
  const parents = gatewayApiRoutes(snapshot).flatMap(({ object }) =>
    parentRefs(object)
      .filter(isService)
      .map((parent) => parentHost(snapshot, parent, object.ref.namespace)),
  );
  return [
    ...boundVirtualServices(snapshot).flatMap(({ hosts }) => hosts),
    ...parents,
    ...serviceProfiles.map(({ ref }) => resolveHost(snapshot, ref.name, ref.namespace)),
  ];
}

function ruledHosts(snapshot: MeshSnapshot): string[] {
  return snapshot.policies.destinationRules.map(({ ref, spec }) => resolveHost(snapshot, spec.host, ref.namespace));
}

/** The services of all these names; a name may have a wildcard. */
export function servicesOf(snapshot: MeshSnapshot, hosts: Iterable<string>): ReadonlySet<MeshService> {
  const found = new Set<MeshService>();
  const wild: string[] = [];
  for (const host of new Set(hosts)) {
    if (host.startsWith('*')) wild.push(host);
    else for (const service of servicesNamed(snapshot, host)) found.add(service);
  }
  if (wild.length > 0)
    for (const service of snapshot.services.values())
      if (wild.some((pattern) => hostCovers(pattern, service.hostname))) found.add(service);
  return found;
}
