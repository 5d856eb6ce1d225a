import type { MeshProxy, MeshService, MeshSnapshot } from '@weft/control-mesh';
import { TranslateContext } from './context.ts';
import { fixedClusters } from './fixed-clusters.ts';
import { gateways } from './gateways.ts';
import { inbound } from './inbound.ts';
import { clustersOf, outboundClusters } from './outbound-clusters.ts';
import { collectors } from './observability.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { emptyDraft, type ProxyResources, type ResourceDraft } from './resources.ts';
import { secretNames } from './secrets.ts';
import { upstreamListeners } from './upstream-listeners.ts';

type Aspect = (cx: TranslateContext, draft: ResourceDraft) => void;

/** In order: each adds what it is about. Clusters of services come last, since routes say which are needed. */
const ASPECTS: readonly Aspect[] = [
  fixedClusters,
  collectors,
  inbound,
  outboundListeners,
  outboundRoutes,
  upstreamListeners,
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

/** Everything that one proxy is to be told. The same arguments give the same resources, byte for byte. */
export function translate(snapshot: MeshSnapshot, proxy: MeshProxy): ProxyResources {
  const cx = new TranslateContext(snapshot, proxy);
  const draft = emptyDraft();
  for (const aspect of ASPECTS) aspect(cx, draft);
  return Object.freeze({ ...draft, secrets: secretNames([...draft.clusters, ...draft.listeners]) });
}
