import type { AdminReply, AdminSource, ConfigDumpSection, Json, JsonObject } from './admin-source.ts';
import { jsonReply, textReply, type AdminRequest } from './endpoint.ts';
import { redact } from './redact.ts';

/** The repeated fields that `resource` may name, with the message type of their elements. */
const RESOURCES: Readonly<Record<string, string>> = {
  static_clusters: 'ClustersConfigDump.StaticCluster',
  dynamic_active_clusters: 'ClustersConfigDump.DynamicCluster',
  dynamic_warming_clusters: 'ClustersConfigDump.DynamicCluster',
  static_endpoint_configs: 'EndpointsConfigDump.StaticEndpointConfig',
  dynamic_endpoint_configs: 'EndpointsConfigDump.DynamicEndpointConfig',
  static_listeners: 'ListenersConfigDump.StaticListener',
  dynamic_listeners: 'ListenersConfigDump.DynamicListener',
  static_route_configs: 'RoutesConfigDump.StaticRouteConfig',
  dynamic_route_configs: 'RoutesConfigDump.DynamicRouteConfig',
  inline_scoped_route_configs: 'ScopedRoutesConfigDump.InlineScopedRouteConfigs',
  dynamic_scoped_route_configs: 'ScopedRoutesConfigDump.DynamicScopedRouteConfigs',
  static_secrets: 'SecretsConfigDump.StaticSecret',
  dynamic_active_secrets: 'SecretsConfigDump.DynamicSecret',
  dynamic_warming_secrets: 'SecretsConfigDump.DynamicSecret',
  ecds_filters: 'EcdsConfigDump.EcdsFilterConfig',
};

/** GET /config_dump with `resource`, `mask`, `name_regex` and `include_eds`; secrets are redacted first. */
export async function configDump(source: AdminSource, { params, compile }: AdminRequest): Promise<AdminReply> {
  const nameRegex = params.get('name_regex') ?? '';
  const regex = compile(nameRegex);
  if (typeof regex === 'string') {
    return textReply(`Error while parsing name_regex from ${nameRegex}: ${regex}`, 400);
  }
  const named = nameRegex !== '' ? (item: Json) => nameOf(item).some((name) => regex.test(name)) : () => true;
  const sections = (await source.configDump({ includeEds: params.has('include_eds') })).map(
    (section) => redact(section) as ConfigDumpSection,
  );
  const mask = (params.get('mask') ?? '').split(',').filter((path) => path !== '');
  const resource = params.get('resource') ?? '';
  if (resource !== '') return resourceReply(sections, { resource, mask, named });
  return wholeReply(
    sections.map((section) => keepNamed(section, named)),
    mask,
  );
}

interface ResourceQuery {
  readonly resource: string;
  readonly mask: readonly string[];
  readonly named: (item: Json) => boolean;
}

function resourceReply(sections: readonly ConfigDumpSection[], { resource, mask, named }: ResourceQuery): AdminReply {
  const type = RESOURCES[resource];
  const field = sections.map((section) => section[resource]).find((value) => value !== undefined);
  if (type === undefined) {
    return field === undefined
      ? textReply(`${resource} not found in config dump`, 404)
      : textReply(`${resource} is not a repeated field. Use ?mask=${resource} to get only this field`, 400);
  }
  const configs = asArray(field)
    .filter(named)
    .map((item) => ({ '@type': `type.googleapis.com/envoy.admin.v3.${type}`, ...asObject(masked(item, mask)) }));
  return jsonReply(configs.length === 0 ? {} : { configs });
}

function wholeReply(sections: readonly JsonObject[], mask: readonly string[]): AdminReply {
  if (mask.length === 0) return jsonReply({ configs: sections });
  const configs = sections
    .map((section) => ({ '@type': section['@type'] as Json, ...asObject(masked(section, mask)) }))
    .filter((section) => Object.keys(section).length > 1);
  if (configs.length > 0) return jsonReply({ configs });
  return textReply(`FieldMask ${mask.join(',')} could not be successfully applied to any configs.`, 400);
}

/** What the paths of a FieldMask leave of a value. A path ends at a repeated field; inside an Any, `@type` stays. */
function masked(value: Json, mask: readonly string[]): Json {
  if (mask.length === 0) return value;
  const object = asObject(value);
  const kept: Record<string, Json> = {};
  for (const key of Object.keys(object)) {
    const inner = object[key] as Json;
    const below = mask
      .filter((path) => path === key || path.startsWith(`${key}.`))
      .map((path) => path.slice(key.length + 1));
    if (below.length === 0) continue;
    if (below.includes('')) kept[key] = inner;
    else if (isObject(inner)) {
      const part = asObject(masked(inner, below));
      if (Object.keys(part).length > 0)
        kept[key] = '@type' in inner ? { '@type': inner['@type'] as Json, ...part } : part;
    }
  }
  return kept;
}

function keepNamed(section: ConfigDumpSection, named: (item: Json) => boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(section).map(([key, value]) => [key, key in RESOURCES ? asArray(value).filter(named) : value]),
  );
}

/** The names under which an element of the dump may be asked for: its own, and that of the resource in it. */
function nameOf(item: Json): string[] {
  const names: string[] = [];
  const look = (value: Json, depth: number): void => {
    if (!isObject(value)) return;
    for (const key of ['name', 'cluster_name']) if (typeof value[key] === 'string') names.push(value[key]);
    if (depth > 0) for (const inner of Object.values(value)) look(inner, depth - 1);
  };
  look(item, 2);
  return names;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asObject(value: Json): JsonObject {
  return isObject(value) ? value : {};
}

function asArray(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
