import type { JsonObject } from '@bufbuild/protobuf';
import { TYPE_URL, type Resource, type Snapshot } from '@weft/xds-server';
import { resourceJson, resourcesOf } from './resource-json.ts';

const DUMP = 'type.googleapis.com/envoy.admin.v3.';

interface DumpKind {
  readonly type: string;
  readonly typeUrl: string;
  readonly list: string;
  readonly entry: (resource: Resource) => JsonObject;
}

const named =
  (field: string) =>
  (resource: Resource): JsonObject => ({
    version_info: resource.version,
    [field]: resourceJson(resource),
  });

/** The parts of Envoy's dump, in its order. Source: envoy.admin.v3.ConfigDump. */
const KINDS: readonly DumpKind[] = [
  { type: 'ClustersConfigDump', typeUrl: TYPE_URL.cluster, list: 'dynamic_active_clusters', entry: named('cluster') },
  {
    type: 'EcdsConfigDump',
    typeUrl: TYPE_URL.extension,
    list: 'ecds_filters',
    entry: named('ecds_filter'),
  },
  {
    type: 'ListenersConfigDump',
    typeUrl: TYPE_URL.listener,
    list: 'dynamic_listeners',
    entry: (resource) => ({ name: resource.name, active_state: named('listener')(resource) }),
  },
  { type: 'RoutesConfigDump', typeUrl: TYPE_URL.route, list: 'dynamic_route_configs', entry: named('route_config') },
  {
    type: 'SecretsConfigDump',
    typeUrl: TYPE_URL.secret,
    list: 'dynamic_active_secrets',
    entry: (resource) => ({ name: resource.name, ...named('secret')(resource) }),
  },
  {
    type: 'EndpointsConfigDump',
    typeUrl: TYPE_URL.endpoint,
    list: 'dynamic_endpoint_configs',
    entry: named('endpoint_config'),
  },
];

/** Everything that a proxy is to have, in the form of Envoy's own `/config_dump?include_eds`; secrets are redacted. */
export function configDump(snapshot: Snapshot): JsonObject {
  const configs = KINDS.map(({ type, typeUrl, list, entry }): JsonObject => {
    const resources = resourcesOf(snapshot, typeUrl);
    const version = { version_info: snapshot.resources(typeUrl).version };
    return { '@type': `${DUMP}${type}`, ...version, [list]: resources.map(entry) };
  });
  return { configs };
}
