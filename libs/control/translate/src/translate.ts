import type { Message } from '@bufbuild/protobuf';
import { viewOf, type MeshProxy, type MeshService, type MeshSnapshot } from '@weft/control-mesh';
import { accessLogCluster } from './access-log-service.ts';
import { TranslateContext } from './context.ts';
import { egressListeners } from './egress-listeners.ts';
import { fixedClusters } from './fixed-clusters.ts';
import { gateways } from './gateways.ts';
import { grpcListeners } from './grpc-clients.ts';
import { inbound } from './inbound.ts';
import { clustersOf, dialledClusters, dialledServices, outboundClusters, servicesTold } from './outbound-clusters.ts';
import { collectors } from './observability.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { emptyDraft, type ProxyResources, type ResourceDraft, type ViewResources } from './resources.ts';
import { runtimeLayer } from './runtime-layer.ts';
import { secretNames } from './secrets.ts';
import { upstreamListeners } from './upstream-listeners.ts';

type Aspect = (cx: TranslateContext, draft: ResourceDraft) => void;

/** In order: each adds what it is about. */
const FIXED: readonly Aspect[] = [runtimeLayer, fixedClusters, accessLogCluster, collectors];
const OWN: readonly Aspect[] = [inbound, dialledClusters];
/** Clusters of services come last, since routes say which are needed. */
const OUTBOUND: readonly Aspect[] = [
  egressListeners,
  outboundListeners,
  outboundRoutes,
  upstreamListeners,
  grpcListeners,
  gateways,
  outboundClusters,
];

/**
 * What one proxy is told of one service: its clusters and their endpoints, as `translate` makes them. Enough where nothing but
 * endpoints changed.
 */
export function translateService(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
): Pick<ProxyResources, 'clusters' | 'endpoints'> {
  const made = clustersOf(new TranslateContext(snapshot, proxy), service);
  return {
    clusters: made.map(({ cluster }) => cluster),
    endpoints: made.flatMap(({ assignment }) => assignment ?? []),
  };
}

/**
 * Everything that one proxy is to be told: what `translateView` and `translateOwn` give together. The same arguments give the
 * same resources, byte for byte.
 */
export function translate(snapshot: MeshSnapshot, proxy: MeshProxy): ProxyResources {
  const draft = emptyDraft();
  const outward = new TranslateContext(snapshot, viewOf(snapshot, proxy));
  for (const aspect of FIXED) aspect(outward, draft);
  const own = new TranslateContext(snapshot, proxy);
  for (const aspect of OWN) aspect(own, draft);
  for (const aspect of OUTBOUND) aspect(outward, draft);
  return finished(draft);
}

/** What every proxy of one view (`viewOf`) is told: nothing that only one of them is. */
export function translateView(snapshot: MeshSnapshot, view: MeshProxy): ViewResources {
  const cx = new TranslateContext(snapshot, view);
  const draft = emptyDraft();
  for (const aspect of [...FIXED, ...OUTBOUND]) aspect(cx, draft);
  return Object.freeze({ ...finished(draft), services: servicesTold(cx) });
}

/**
 * Makes the clusters and endpoints of a view one service after another, so that whoever has other things to do can stop in
 * between: `translateView` finds what was made.
 */
export function* clustersAhead(snapshot: MeshSnapshot, view: MeshProxy): Generator<readonly Message[]> {
  const cx = new TranslateContext(snapshot, view);
  for (const service of servicesTold(cx)) {
    const made = clustersOf(cx, service).flatMap(({ cluster, assignment }) => [cluster, assignment ?? []].flat());
    secretNames(made);
    yield made;
  }
}

/** What one proxy is told beside that: how it takes calls, and the clusters of `services`, which it asked for. */
export function translateOwn(snapshot: MeshSnapshot, proxy: MeshProxy): ViewResources {
  const cx = new TranslateContext(snapshot, proxy);
  const draft = emptyDraft();
  for (const aspect of OWN) aspect(cx, draft);
  return Object.freeze({ ...finished(draft), services: new Set(dialledServices(cx)) });
}

function finished(draft: ResourceDraft): ProxyResources {
  return Object.freeze({ ...draft, secrets: secretNames([...draft.clusters, ...draft.listeners]) });
}
