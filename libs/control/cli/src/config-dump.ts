import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { listAt, objectAt, textAt, valueAt } from '@weft/control-debug';

/** One resource of a dump. */
export interface DumpEntry {
  readonly name: string;
  readonly version: string;
  /** From a control plane, and not from the bootstrap. */
  readonly dynamic: boolean;
  /** `ACTIVE`, `WARMING`, `DRAINING`. */
  readonly state: string;
  readonly resource: JsonObject;
}

/** An envoy.admin.v3.ConfigDump, of the control plane or of a proxy itself. */
export interface ConfigDump {
  readonly clusters: readonly DumpEntry[];
  readonly listeners: readonly DumpEntry[];
  readonly routes: readonly DumpEntry[];
  readonly endpoints: readonly DumpEntry[];
  readonly secrets: readonly DumpEntry[];
}

interface Section {
  readonly into: keyof ConfigDump;
  readonly list: string;
  readonly field: string;
  readonly state?: string;
}

const SECTIONS: readonly Section[] = [
  { into: 'clusters', list: 'static_clusters', field: 'cluster' },
  { into: 'clusters', list: 'dynamic_active_clusters', field: 'cluster' },
  { into: 'clusters', list: 'dynamic_warming_clusters', field: 'cluster', state: 'WARMING' },
  { into: 'listeners', list: 'static_listeners', field: 'listener' },
  { into: 'routes', list: 'static_route_configs', field: 'route_config' },
  { into: 'routes', list: 'dynamic_route_configs', field: 'route_config' },
  { into: 'endpoints', list: 'static_endpoint_configs', field: 'endpoint_config' },
  { into: 'endpoints', list: 'dynamic_endpoint_configs', field: 'endpoint_config' },
  { into: 'secrets', list: 'static_secrets', field: 'secret' },
  { into: 'secrets', list: 'dynamic_active_secrets', field: 'secret' },
  { into: 'secrets', list: 'dynamic_warming_secrets', field: 'secret', state: 'WARMING' },
];

export function readDump(json: JsonValue): ConfigDump {
  const dump = { clusters: [], listeners: [], routes: [], endpoints: [], secrets: [] } as Record<
    keyof ConfigDump,
    DumpEntry[]
  >;
  for (const part of listAt(json, 'configs')) {
    for (const { into, list, field, state = 'ACTIVE' } of SECTIONS)
      for (const entry of listAt(part, list))
        dump[into].push(entryOf(entry, { field, state, dynamic: !list.startsWith('static') }));
    for (const entry of listAt(part, 'dynamic_listeners')) dump.listeners.push(...listenerStates(entry));
  }
  return dump;
}

function entryOf(
  entry: JsonValue,
  how: { readonly field: string; readonly state: string; readonly dynamic: boolean },
): DumpEntry {
  const resource = objectAt(entry, how.field);
  const name = textAt(entry, 'name') || textAt(resource, 'name') || textAt(resource, 'cluster_name');
  return { name, version: textAt(entry, 'version_info'), dynamic: how.dynamic, state: how.state, resource };
}

function listenerStates(entry: JsonValue): DumpEntry[] {
  const name = textAt(entry, 'name');
  return ['active', 'warming', 'draining'].flatMap((state) => {
    const found = valueAt(entry, `${state}_state`);
    if (found === undefined) return [];
    const read = entryOf(found, { field: 'listener', state: state.toUpperCase(), dynamic: true });
    return [{ ...read, name: name === '' ? read.name : name }];
  });
}
