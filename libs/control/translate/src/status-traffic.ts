import type { DestinationRuleSpec, SidecarSpec } from '@weft/api-kube';
import {
  destinationRuleFor,
  hostCovers,
  inboundPorts,
  isKnownHost,
  labelsMatch,
  mtlsMode,
  resolveHost,
  sidecarFor,
  type MeshObject,
  type MeshService,
} from '@weft/control-mesh';
import {
  countGroups,
  shadowNotes,
  statusOf,
  type ObjectStatus,
  type StatusNote,
  type StatusWorld,
} from './object-status.ts';
import { servicesOf } from './view-groups.ts';

type Rule = MeshObject<DestinationRuleSpec>;

/** What of a rule the rules that it is merged with leave to it. */
interface Share {
  readonly acts: boolean;
  readonly notes: readonly StatusNote[];
  readonly olders: readonly Rule[];
}

export function destinationRuleStatus(world: StatusWorld): ObjectStatus[] {
  const { snapshot, groups } = world;
  return snapshot.policies.destinationRules.map((rule) => {
    const { ref, spec } = rule;
    const pattern = resolveHost(snapshot, spec.host, ref.namespace);
    const known = pattern.startsWith('*') ? servicesOf(snapshot, [pattern]).size > 0 : isKnownHost(snapshot, pattern);
    if (!known) return statusOf(rule, 0, unattached(`nobody describes the host ${spec.host}`, 'spec.host'));
    const shares = groups.map(({ rules }) => shareOf(rule, rules.get(rule)));
    const effectiveOn = groups.reduce(
      (sum, { proxies }, i) => sum + (shares[i]?.acts === true ? proxies.length : 0),
      0,
    );
    if (effectiveOn > 0) return statusOf(rule, effectiveOn, unique(shares.flatMap((share) => share?.notes ?? [])));
    if (groups.length === 0) return statusOf(rule, 0, []);
    return statusOf(rule, 0, withoutEffect(world, rule, { pattern, shares }));
  });
}

function unattached(message: string, path?: string): StatusNote[] {
  return [{ kind: 'unattached', message, ...(path === undefined ? {} : { path }) }];
}

function unique(notes: readonly StatusNote[]): StatusNote[] {
  return [...new Map(notes.map((note) => [note.message, note])).values()];
}

/** Of rules for one host the traffic policy of the oldest that has one holds, and every subset by its first definition. */
function shareOf({ spec }: Rule, merged: readonly Rule[] | undefined): Share | undefined {
  if (merged === undefined) return undefined;
  const olders = merged.slice(
    0,
    merged.findIndex((one) => one.spec === spec),
  );
  const notes: StatusNote[] = [];
  let acts = olders.length === 0;
  const lost = (what: string, path: string, by: Rule): unknown =>
    notes.push({
      kind: 'warning',
      message: `its ${what} has no effect: DestinationRule ${by.ref.namespace}/${by.ref.name} is older and has one for the same host`,
      by: by.ref,
      path,
    });
  if (spec.trafficPolicy !== undefined) {
    const winner = olders.find((one) => one.spec.trafficPolicy !== undefined);
    if (winner === undefined) acts = true;
    else lost('trafficPolicy', 'spec.trafficPolicy', winner);
  }
  for (const [i, { name }] of (spec.subsets ?? []).entries()) {
    const winner = olders.find((one) => one.spec.subsets?.some((subset) => subset.name === name));
    if (winner === undefined) acts = true;
    else lost(`subset ${name}`, `spec.subsets[${i}]`, winner);
  }
  return { acts, notes, olders };
}

/** The rules that have the host instead, or that nobody who may use it calls it. */
function withoutEffect(
  { snapshot, groups }: StatusWorld,
  rule: Rule,
  { pattern, shares }: { readonly pattern: string; readonly shares: readonly (Share | undefined)[] },
): StatusNote[] {
  const olders = shares.flatMap((share) => share?.olders ?? []);
  if (olders.length > 0)
    return shadowNotes(
      olders,
      'it is older and says the same for the same host: of those that are merged the first holds',
    );
  const winners = new Set<Rule>();
  let called = false;
  for (const { view, services } of groups)
    for (const service of covered(services, pattern)) {
      called = true;
      const [winner] = destinationRuleFor(snapshot, view, service)?.sources ?? [];
      if (winner !== undefined && winner !== rule) winners.add(winner);
    }
  if (winners.size > 0)
    return shadowNotes(winners, 'it is nearer to the callers, chooses them, or names the host more exactly');
  const { host, exportTo, workloadSelector } = rule.spec;
  if (!called) return unattached(`no proxy calls ${host}`);
  const why = workloadSelector !== undefined ? 'its workloadSelector chooses' : exportTo !== undefined ? 'its exportTo lets see it' : 'it is for'; // prettier-ignore
  return unattached(`no proxy that ${why} calls ${host}`);
}

function covered(services: ReadonlySet<MeshService>, pattern: string): MeshService[] {
  return [...services].filter(({ hostname }) => hostCovers(pattern, hostname));
}

export function sidecarStatus(world: StatusWorld): ObjectStatus[] {
  return world.snapshot.policies.sidecars.map((sidecar) => {
    const effectiveOn = countGroups(world, ({ scope }) => scope?.sidecar === sidecar);
    if (effectiveOn === 0) return statusOf(sidecar, 0, sidecarWinners(world, sidecar));
    return statusOf(sidecar, effectiveOn, [...emptyListeners(world, sidecar), ...unusedTls(world, sidecar)]);
  });
}

/** Egress listeners that no service is behind: they are not made. */
function emptyListeners({ groups }: StatusWorld, sidecar: MeshObject<SidecarSpec>): StatusNote[] {
  const listeners = groups.flatMap(({ scope }) => (scope?.sidecar === sidecar ? scope.listeners : []));
  const empty = listeners.filter(({ services }) => services.length === 0);
  const full = new Set(listeners.filter(({ services }) => services.length > 0).map(({ index }) => index));
  return unique(
    empty
      .filter(({ index }) => !full.has(index))
      .map(({ index, port }): StatusNote => ({
        kind: 'warning',
        message: `no service that egress ${index + 1} names can be called${port === undefined || port.anyPort ? '' : ` at port ${port.number}`}`,
        path: `spec.egress[${index}].hosts`,
      })),
  );
}

/** TLS of ingress ports is ended only where mutual TLS is off. */
function unusedTls({ snapshot, proxies }: StatusWorld, sidecar: MeshObject<SidecarSpec>): StatusNote[] {
  if ((sidecar.spec.ingress ?? []).every(({ tls }) => tls === undefined)) return [];
  const mine = proxies.filter((proxy) => proxy.role === 'sidecar' && sidecarFor(snapshot, proxy) === sidecar);
  const ports = mine.flatMap(({ namespace, name, labels }) =>
    inboundPorts(snapshot, { namespace, name, labels }).map((port) => ({
      port,
      mode: mtlsMode(snapshot, { namespace, labels, port: port.appPort }).mode,
    })),
  );
  return unique(
    ports.flatMap(({ port: { listenPort, ingress }, mode }): StatusNote[] => {
      if (ingress?.tls === undefined || mode === 'DISABLE') return [];
      const message = `tls of port ${listenPort} has no effect: PeerAuthentication says ${mode} there, and not DISABLE`;
      return [{ kind: 'warning', message, path: 'spec.ingress' }];
    }),
  );
}

/** Who has the proxies that it selects. */
function sidecarWinners({ snapshot, groups }: StatusWorld, { ref, spec }: MeshObject<SidecarSpec>): StatusNote[] {
  const labels = spec.workloadSelector?.labels ?? {};
  const wide = Object.keys(labels).length === 0 && ref.namespace === snapshot.config.rootNamespace;
  const selected = groups.filter(
    ({ view, scope }) =>
      scope !== undefined && (wide || view.namespace === ref.namespace) && labelsMatch(labels, view.labels),
  );
  if (groups.length === 0) return [];
  if (selected.length === 0) return unattached('no proxy is selected');
  const winners = selected.flatMap(({ scope }) => scope?.sidecar ?? []);
  return shadowNotes(winners, 'it selects the same proxies, more narrowly or as narrowly and is older');
}

export function serviceProfileStatus(world: StatusWorld): ObjectStatus[] {
  const { snapshot, groups } = world;
  return snapshot.policies.serviceProfiles.map((profile) => {
    const host = resolveHost(snapshot, profile.ref.name, profile.ref.namespace);
    if (!isKnownHost(snapshot, host)) return statusOf(profile, 0, unattached(`nobody describes the host ${host}`));
    const effectiveOn = countGroups(world, ({ trace }) => trace.isActing(profile));
    const shadows = groups.flatMap(({ trace }) => trace.shadowOf(profile) ?? []);
    const notes = unique(shadows.map(({ by, message }) => ({ kind: 'shadowed', message, by: by.ref })));
    if (effectiveOn > 0 || notes.length > 0 || groups.length === 0) return statusOf(profile, effectiveOn, notes);
    const empty = (profile.spec.routes ?? []).length === 0;
    return statusOf(
      profile,
      0,
      unattached(empty ? 'it has no routes' : `no proxy that it is for sends HTTP to ${host}`),
    );
  });
}
