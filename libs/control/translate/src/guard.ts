import type { Message } from '@bufbuild/protobuf';
import { DecodeContext, sourceNamed, validateMessage } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { ObjectRef } from '@weft/control-mesh';
import { decodeRouteConfiguration } from '@weft/model-route';
import { behind } from './behind.ts';
import { checkChangedHosts } from './changed-hosts.ts';
import { mendAssignment, mendListener, mendRoutes } from './mend.ts';
import type { Mending, PartFault } from './mending.ts';
import { make } from './proto.ts';
import { proxyRules } from './proxy-rules.ts';

/** What proxies would refuse, and what they are told instead. */
export interface ResourceFault extends PartFault {
  /** `It answers 500.` */
  readonly outcome: string;
  /** Empty where nobody can tell. */
  readonly documents: readonly ObjectRef[];
}

/** A resource that proxies take, made of one that they would refuse. */
export interface GuardedMessage {
  /** Undefined: nothing of it is left. */
  readonly message: Message | undefined;
  readonly faults: readonly ResourceFault[];
  /** What it was before is better than what is left, where it was something. */
  readonly yields: boolean;
}

/** Everything in a resource that proxies would refuse, in order of its fields. Never throws. */
export function faultsOf(message: Message): PartFault[] {
  return message.$typeName === ROUTES ? checkChangedHosts(message as RouteConfiguration, check) : check(message);
}

/** How many virtual hosts are looked at in one step. */
const HOSTS_AT_ONCE = 200;

/** The same for a resource that takes long, step by step: `faultsOf` the whole passes over what was found to be sound then. */
export function* faultsAhead(message: Message): Generator<void> {
  if (message.$typeName !== ROUTES) return;
  const { virtualHosts: all } = message as RouteConfiguration;
  for (let at = 0; all.length > HOSTS_AT_ONCE && at < all.length; at += HOSTS_AT_ONCE) {
    const virtualHosts = all.slice(at, at + HOSTS_AT_ONCE);
    faultsOf({ ...message, virtualHosts } as RouteConfiguration);
    yield;
  }
}

const ROUTES = 'envoy.config.route.v3.RouteConfiguration';

function check(message: Message): PartFault[] {
  const cx = new DecodeContext(sourceNamed(''));
  try {
    validateMessage(message, cx, proxyRules);
    if (message.$typeName === ROUTES) decodeRouteConfiguration(message, cx);
  } catch (error) {
    cx.error(`cannot be read: ${(error as Error).message}`);
  }
  const byPath = new Map<string, PartFault>();
  for (const { path, message: text, expected } of cx.faults)
    if (!byPath.has(path))
      byPath.set(path, { path, message: expected === undefined ? text : `${text}; expected ${expected}` });
  return [...byPath.values()];
}

/** Leaves out of a resource what proxies would refuse, and nothing else. `faults`: all that it has (`faultsOf`). */
export function mend(message: Message, faults: readonly PartFault[]): GuardedMessage {
  const mended = mendingOf(message, faults);
  if (mended.message !== undefined && faultsOf(mended.message).length > 0)
    return {
      message: undefined,
      faults: mended.faults.map((fault) => ({ ...fault, outcome: LEFT_OUT })),
      yields: true,
    };
  return mended;
}

const LEFT_OUT = 'It is left out.';

function mendingOf(message: Message, faults: readonly PartFault[]): Mending {
  switch (message.$typeName) {
    case 'envoy.config.cluster.v3.Cluster':
      return closedCluster(message as Cluster, faults);
    case 'envoy.config.endpoint.v3.ClusterLoadAssignment':
      return mendAssignment(message as never, faults);
    case 'envoy.config.listener.v3.Listener':
      return mendListener(message as never, faults);
    case ROUTES:
      return mendRoutes(message as never, faults);
    default:
      return {
        message: undefined,
        faults: faults.map((fault) => ({ ...fault, outcome: LEFT_OUT, documents: behind(message) })),
        yields: true,
      };
  }
}

/** It stays, since routes name it, and has nowhere to go. */
function closedCluster(cluster: Cluster, faults: readonly PartFault[]): Mending {
  const { name } = cluster;
  return {
    message: make<Cluster>('envoy.config.cluster.v3.Cluster', {
      name,
      clusterDiscoveryType: { case: 'type', value: 0 },
      connectTimeout: { seconds: 10n, nanos: 0 },
      loadAssignment: { clusterName: name },
    }),
    faults: faults.map((fault) => ({
      ...fault,
      outcome: 'Calls to it are answered 503.',
      documents: behind(cluster),
    })),
    yields: true,
  };
}
