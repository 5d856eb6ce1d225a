import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { listAt, matchText, objectAt, textAt, type Origins } from '@weft/control-debug';
import type { ConfigDump, DumpEntry } from './config-dump.ts';
import { certificateCells } from './certificate-cells.ts';

/** What rows are chosen by. `''`: anything. */
export interface RowFilter {
  readonly fqdn: string;
  readonly port: string;
  readonly direction: string;
  readonly name: string;
  readonly subset: string;
}

/** A table of resources, in istioctl's columns. */
export interface ConfigRows {
  readonly head: readonly string[];
  readonly rows: readonly ConfigRow[];
}

export interface ConfigRow {
  readonly cells: readonly string[];
  readonly resource: JsonObject;
}

/** The parts of `outbound|10010|v1|videos-api.default.svc.cluster.local`; other names are their own host. */
interface ClusterName {
  readonly direction: string;
  readonly port: string;
  readonly subset: string;
  readonly host: string;
}

function clusterName(name: string): ClusterName {
  const [direction = '', port = '', subset = '', host] = name.split('|');
  if (host === undefined) return { direction: '', port: '', subset: '', host: name };
  return { direction, port, subset, host };
}

function holds({ host, port, subset, direction }: ClusterName, filter: RowFilter): boolean {
  return (
    (filter.fqdn === '' || host === filter.fqdn || host.startsWith(`${filter.fqdn}.`)) &&
    (filter.port === '' || port === filter.port) &&
    (filter.subset === '' || subset === filter.subset) &&
    (filter.direction === '' || direction === filter.direction)
  );
}

function byCells(rows: ConfigRow[]): ConfigRow[] {
  const key = ({ cells }: ConfigRow): string => cells.join('\0');
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

export function clusterRows({ clusters }: ConfigDump, filter: RowFilter, origins: Origins): ConfigRows {
  const rows = clusters.flatMap(({ name, resource }): ConfigRow[] => {
    const parts = clusterName(name);
    if (!holds(parts, filter) || (filter.name !== '' && name !== filter.name)) return [];
    const { host, port, subset, direction } = parts;
    const type = textAt(resource, 'type') || textAt(resource, 'cluster_type', 'name') || 'STATIC';
    const rule = origins.clusters[name] ?? istioConfig(resource, 'destination-rule');
    return [{ resource, cells: [host, port || '-', subset || '-', direction || '-', type, rule] }];
  });
  return { head: ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'], rows: byCells(rows) };
}

/** Istio's control plane writes into metadata where a resource comes from. */
function istioConfig(resource: JsonValue, kind: string): string {
  const path = textAt(resource, 'metadata', 'filter_metadata', 'istio', 'config');
  const parts = new RegExp(`/namespaces/([^/]+)/${kind}/(.+)$`).exec(path);
  return parts === null ? '' : `${parts[2] ?? ''}.${parts[1] ?? ''}`;
}

export function endpointRows({ endpoints, clusters }: ConfigDump, filter: RowFilter): ConfigRows {
  // Clusters with addresses of their own are not discovered: what they lead to stands in them.
  const own = clusters.flatMap(({ name, resource, ...entry }): DumpEntry[] => {
    const assignment = objectAt(resource, 'load_assignment');
    return listAt(assignment, 'endpoints').length === 0 ? [] : [{ ...entry, name, resource: assignment }];
  });
  const all = new Map([...own, ...endpoints].map((entry) => [entry.name, entry]));
  const rows = [...all.values()].flatMap(({ name, resource }) => {
    const parts = clusterName(name);
    if (!holds({ ...parts, port: '' }, { ...filter, port: '' }) || (filter.name !== '' && name !== filter.name))
      return [];
    return listAt(resource, 'endpoints')
      .flatMap((locality) => listAt(locality, 'lb_endpoints'))
      .flatMap((endpoint): ConfigRow[] => {
        const socket = objectAt(endpoint, 'endpoint', 'address', 'socket_address');
        const port = textAt(socket, 'port_value');
        if (filter.port !== '' && port !== filter.port && parts.port !== filter.port) return [];
        const pipe = textAt(endpoint, 'endpoint', 'address', 'pipe', 'path');
        const address = pipe === '' ? `${textAt(socket, 'address')}:${port}` : `unix://${pipe}`;
        const health = textAt(endpoint, 'health_status');
        const status = health === '' || health === 'UNKNOWN' ? 'HEALTHY' : health;
        return [{ resource, cells: [address, status, 'OK', name] }];
      });
  });
  return { head: ['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'], rows: byCells(rows) };
}

export function routeRows({ routes }: ConfigDump, filter: RowFilter, origins: Origins): ConfigRows {
  const rows = routes.flatMap(({ name, resource }) => {
    if (filter.name !== '' && name !== filter.name) return [];
    return listAt(resource, 'virtual_hosts').flatMap((host): ConfigRow[] => {
      const virtualHost = textAt(host, 'name');
      const [fqdn = '', port = ''] = virtualHost.split(':');
      if (!holds({ host: fqdn, port, subset: '', direction: directionOf(virtualHost) }, { ...filter, subset: '' }))
        return [];
      const domains = domainText(listAt(host, 'domains').map(String));
      return listAt(host, 'routes').map((route) => {
        const origin = origins.virtualHosts[virtualHost] ?? istioConfig(route, 'virtual-service');
        return { resource, cells: [name || '-', virtualHost, domains, matchText(route), origin] };
      });
    });
  });
  return { head: ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'], rows };
}

function directionOf(virtualHost: string): string {
  return virtualHost.startsWith('inbound|') ? 'inbound' : 'outbound';
}

/** The longest names are what a reader knows already. */
function domainText(domains: readonly string[]): string {
  const [first = '', second] = domains.toSorted((a, b) => a.length - b.length);
  return second === undefined
    ? first
    : `${first}, ${second}${domains.length > 2 ? ` + ${domains.length - 2} more` : ''}`;
}

export function listenerRows({ listeners }: ConfigDump, filter: RowFilter): ConfigRows {
  const rows = listeners.flatMap(({ name, resource, state }): ConfigRow[] => {
    const socket = objectAt(resource, 'address', 'socket_address');
    const [address, port] = [textAt(socket, 'address'), textAt(socket, 'port_value')];
    const direction = textAt(resource, 'traffic_direction').toLowerCase();
    if (filter.name !== '' && name !== filter.name) return [];
    if (filter.port !== '' && port !== filter.port) return [];
    if (filter.direction !== '' && direction !== filter.direction) return [];
    const fallback = objectAt(resource, 'default_filter_chain');
    const chains = [
      ...listAt(resource, 'filter_chains').map((chain) => ({ chain, match: chainMatch(chain) })),
      ...(Object.keys(fallback).length === 0 ? [] : [{ chain: fallback as JsonValue, match: 'ALL (default)' }]),
    ];
    return chains
      .map(({ chain, match }) => ({ match, destination: chainDestination(chain) }))
      .filter(({ destination }) => filter.fqdn === '' || destination.includes(filter.fqdn))
      .map(({ match, destination }) => {
        const moving = state === 'ACTIVE' ? '' : ` (${state})`;
        return {
          resource,
          cells: [address || textAt(resource, 'address', 'pipe', 'path'), port, match, destination + moving],
        };
      });
  });
  return { head: ['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'], rows };
}

/** `SNI: a; Trans: tls; App: http/1.1; Addr: 10.0.0.0/8:80`, as istioctl abbreviates. */
function chainMatch(chain: JsonValue): string {
  const match = objectAt(chain, 'filter_chain_match');
  const port = textAt(match, 'destination_port');
  const addresses = listAt(match, 'prefix_ranges').map((range) => {
    const [prefix, length] = [textAt(range, 'address_prefix'), textAt(range, 'prefix_len')];
    return length === '32' || length === '128' ? prefix : `${prefix}/${length === '' ? '0' : length}`;
  });
  const list = (label: string, field: string): string[] => {
    const values = listAt(match, field);
    return values.length === 0 ? [] : [`${label}: ${values.join(',')}`];
  };
  const transport = textAt(match, 'transport_protocol');
  const parts = [
    ...list('SNI', 'server_names'),
    ...(transport === '' ? [] : [`Trans: ${transport}`]),
    ...list('App', 'application_protocols'),
    ...(addresses.length === 0 && port === ''
      ? []
      : [`Addr: ${addresses.length === 0 ? '*' : addresses.join(',')}${port === '' ? '' : `:${port}`}`]),
  ];
  return parts.length === 0 ? 'ALL' : parts.join('; ');
}

function chainDestination(chain: JsonValue): string {
  const last = listAt(chain, 'filters').at(-1);
  const config = objectAt(last, 'typed_config');
  const rds = textAt(config, 'rds', 'route_config_name');
  if (rds !== '') return `Route: ${rds}`;
  const inline = listAt(config, 'route_config', 'virtual_hosts').flatMap((host) => listAt(host, 'routes'));
  if (inline.length > 0) return inlineDestination(inline);
  const weighted = listAt(config, 'weighted_clusters', 'clusters').map(
    (one) => `${textAt(one, 'name')} ${textAt(one, 'weight')}`,
  );
  if (weighted.length > 0) return `Clusters: ${weighted.join(', ')}`;
  const cluster = textAt(config, 'cluster');
  if (cluster === 'PassthroughCluster' || cluster === 'BlackHoleCluster') return cluster;
  return cluster === '' ? textAt(last, 'name') : `Cluster: ${cluster}`;
}

function inlineDestination(routes: readonly JsonValue[]): string {
  const clusters = new Set(routes.map((route) => textAt(route, 'route', 'cluster')));
  const [only] = clusters;
  if (clusters.size === 1 && only !== undefined && only !== '') return `Inline Route: ${only}`;
  return `Inline Route: ${routes.map(matchText).join(', ')}`;
}

export function secretRows({ secrets }: ConfigDump, filter: RowFilter, _: Origins, nowMs: number): ConfigRows {
  const rows = secrets
    .filter(({ name }) => filter.name === '' || name === filter.name)
    .map(({ name, state, resource }): ConfigRow => ({
      resource,
      cells: [name, ...certificateCells(resource, state, nowMs)],
    }));
  const head = ['RESOURCE NAME', 'TYPE', 'STATUS', 'VALID CERT', 'SERIAL NUMBER', 'NOT AFTER', 'NOT BEFORE'];
  return { head, rows: byCells(rows) };
}
