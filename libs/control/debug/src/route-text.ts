import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { parseOutboundCluster } from '@weft/control-translate';
import type { DestinationView } from './description.ts';
import { listAt, objectAt, textAt, valueAt } from './json-path.ts';

/** What a route asks of requests, from its effective form: `/videos/*, method GET, header cookie ~ ^v2`. */
export function matchText(route: JsonValue): string {
  const match = objectAt(route, 'match');
  const parts = [pathText(match)];
  for (const header of listAt(match, 'headers')) parts.push(headerText(header));
  for (const query of listAt(match, 'query_parameters'))
    parts.push(
      `query ${textAt(query, 'name')} ${stringText(objectAt(query, 'string_match'), valueAt(query, 'present_match'))}`,
    );
  if (valueAt(match, 'grpc') !== undefined) parts.push('gRPC');
  return parts.join(', ');
}

function pathText(match: JsonObject): string {
  const [prefix, path] = [textAt(match, 'prefix'), textAt(match, 'path')];
  if (prefix !== '') return `${prefix}*`;
  if (path !== '') return path;
  const separated = textAt(match, 'path_separated_prefix');
  if (separated !== '') return `${separated}[/*]`;
  const regex = textAt(match, 'safe_regex', 'regex');
  return regex === '' ? '*' : `~ ${regex}`;
}

function headerText(header: JsonValue): string {
  const name = textAt(header, 'name');
  const said = name.startsWith(':') ? name.slice(1) : `header ${name}`;
  const how = stringText(objectAt(header, 'string_match'), valueAt(header, 'present_match'));
  return `${textAt(header, 'invert_match') === 'true' ? 'not ' : ''}${said} ${how}`;
}

/** Envoy's StringMatcher in a few signs: exact, `x*`, `*x`, `*x*`, `~ regex`. */
function stringText(match: JsonObject, present: JsonValue | undefined): string {
  if (Object.keys(match).length === 0) return present === false ? 'is absent' : 'is there';
  const [exact, prefix, suffix] = [textAt(match, 'exact'), textAt(match, 'prefix'), textAt(match, 'suffix')];
  if (prefix !== '') return `${prefix}*`;
  if (suffix !== '') return `*${suffix}`;
  const contains = textAt(match, 'contains');
  if (contains !== '') return `*${contains}*`;
  const regex = textAt(match, 'safe_regex', 'regex');
  return regex === '' ? exact : `~ ${regex}`;
}

/** What is done that sends the request nowhere; undefined: it is sent to a cluster. */
export function actionText(route: JsonValue): string | undefined {
  if (valueAt(route, 'direct_response') !== undefined) return `answer ${textAt(route, 'direct_response', 'status')}`;
  const redirect = objectAt(route, 'redirect');
  if (valueAt(route, 'redirect') === undefined) return undefined;
  const where = [
    'https_redirect',
    'scheme_redirect',
    'host_redirect',
    'port_redirect',
    'path_redirect',
    'prefix_rewrite',
  ]
    .filter((field) => valueAt(redirect, field) !== undefined)
    .map((field) => `${field.replace(/_(redirect|rewrite)$/, '')} ${textAt(redirect, field)}`);
  return `redirect to ${where.join(', ')}`;
}

/** Where a route sends requests, with shares of a hundred. */
export function destinationsOf(route: JsonValue): DestinationView[] {
  const action = objectAt(route, 'route');
  const weighted = listAt(action, 'weighted_clusters', 'clusters');
  const single = textAt(action, 'cluster');
  if (weighted.length === 0) return single === '' ? [] : [destination(single, 100)];
  const total = weighted.reduce<number>((sum, one) => sum + weightOf(one), 0);
  return weighted.map((one) => destination(textAt(one, 'name'), total === 0 ? 0 : (100 * weightOf(one)) / total));
}

function weightOf(weighted: JsonValue): number {
  return Number(textAt(weighted, 'weight') || '0');
}

function destination(cluster: string, percent: number): DestinationView {
  const parts = parseOutboundCluster(cluster);
  const rounded = Math.round(percent * 10) / 10;
  if (parts === undefined) return { host: cluster, port: undefined, subset: '', percent: rounded };
  return { host: parts.host, port: parts.port, subset: parts.subset, percent: rounded };
}
