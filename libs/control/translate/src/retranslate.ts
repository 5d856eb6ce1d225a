import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import { serviceKey, workloadKey, type MeshEndpoint, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
import { TranslateContext } from './context.ts';
import { parseOutboundCluster } from './names.ts';
import { assignmentFor } from './outbound-clusters.ts';
import type { ProxyResources } from './resources.ts';
import { translate } from './translate.ts';

/** Two snapshots of one mesh, and what a proxy was told of the first. */
export interface MeshChange {
  readonly before: MeshSnapshot;
  readonly after: MeshSnapshot;
  readonly resources: ProxyResources;
}

/**
 * What `translate` gives for the second snapshot, at the price of the change: where only endpoints came, went or changed
 * their health, only their assignments are made anew and everything else is the same object as before; a proxy that is told
 * of none of them gets `resources` back.
 */
export function retranslate({ before, after, resources }: MeshChange, proxy: MeshProxy): ProxyResources {
  if (before === after) return resources;
  const own = workloadKey(proxy);
  const sameMesh =
    before.services === after.services &&
    before.policies === after.policies &&
    before.config === after.config &&
    before.workloads.get(own) === after.workloads.get(own);
  if (!sameMesh) return translate(after, proxy);
  const changed = changedServices(before, after);
  if (changed.size === 0) return resources;
  const cx = new TranslateContext(after, proxy);
  const endpoints: ClusterLoadAssignment[] = [];
  let isChanged = false;
  for (const assignment of resources.endpoints) {
    const name = parseOutboundCluster(assignment.clusterName);
    const service = name && cx.service(name.host, proxy.namespace);
    if (name === undefined || service === undefined || !changed.has(serviceKey(service))) {
      endpoints.push(assignment);
      continue;
    }
    // Who may answer is said in the cluster.
    const key = serviceKey(service);
    if (trustOf(before.endpoints.get(key)) !== trustOf(after.endpoints.get(key))) return translate(after, proxy);
    endpoints.push(assignmentFor(cx, service, name));
    isChanged = true;
  }
  // Services found by DNS have their endpoints in their clusters.
  const inClusters = [...changed].some((key) => {
    const resolution = after.services.get(key)?.resolution;
    return resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN';
  });
  if (inClusters) return translate(after, proxy);
  return isChanged ? Object.freeze({ ...resources, endpoints }) : resources;
}

const changes = new WeakMap<MeshSnapshot, { readonly before: MeshSnapshot; readonly keys: ReadonlySet<string> }>();

/** Services whose endpoint lists differ: found once for all proxies that are told of a change. */
function changedServices(before: MeshSnapshot, after: MeshSnapshot): ReadonlySet<string> {
  const known = changes.get(after);
  if (known?.before === before) return known.keys;
  const keys = new Set<string>();
  for (const [key, list] of after.endpoints) if (before.endpoints.get(key) !== list) keys.add(key);
  changes.set(after, { before, keys });
  return keys;
}

function trustOf(endpoints: readonly MeshEndpoint[] = []): string {
  const identities = [...new Set(endpoints.flatMap(({ identity, proxied }) => (proxied ? [identity] : [])))];
  return identities.sort().join();
}
