import type { ConfigNode } from '@weft/core-config-text';
import { headersToAdd } from './v1-headers.ts';
import type { V1Map } from './v1-map.ts';

/** What of a route of v1 is about redirecting, and belongs to `redirect`. */
const REDIRECT = ['host_redirect', 'path_redirect'] as const;
const ACTION = [
  'cluster',
  'cluster_header',
  'prefix_rewrite',
  'auto_host_rewrite',
  'rate_limits',
  'include_vh_rate_limits',
] as const;

/** A virtual host of v1. */
export function v1VirtualHost(host: V1Map): ConfigNode {
  const tls = host.text('require_ssl');
  return host.build({
    routes: host.maps('routes')?.map(v1Route),
    require_tls:
      tls === undefined
        ? undefined
        : host.at('require_ssl', tls.toLowerCase() === 'external_only' ? 'EXTERNAL_ONLY' : 'ALL'),
    ...headersToAdd(host),
  });
}

function v1Route(route: V1Map): ConfigNode {
  const match = routeMatch(route);
  const decorator = route.take('decorator');
  const redirect = REDIRECT.map((field) => [field, route.take(field)] as const).filter(
    ([, value]) => value !== undefined,
  );
  const action = redirect.length > 0 ? { redirect: Object.fromEntries(redirect) } : { route: routeAction(route) };
  return route.upgraded('the route', { match, ...action, ...(decorator && { decorator }), ...headersToAdd(route) });
}

function routeMatch(route: V1Map): Record<string, unknown> {
  const regex = route.take('regex');
  const runtime = route.map('runtime');
  const fraction = runtime && {
    default_value: { numerator: runtime.take('default') },
    runtime_key: runtime.take('key'),
  };
  return defined({
    prefix: route.take('prefix'),
    path: route.take('path'),
    ...(regex && { safe_regex: { regex } }),
    case_sensitive: route.take('case_sensitive'),
    runtime_fraction: fraction,
    headers: route.maps('headers')?.map((header) => header.build(valueMatch(header))),
    query_parameters: route.maps('query_parameters')?.map((parameter) => parameter.build(valueMatch(parameter))),
  });
}

/** `{name, value, regex}`: a value that must be equal or match; without one, the name must be there. */
function valueMatch(map: V1Map): Record<string, unknown> {
  const value = map.take('value');
  const isRegex = map.text('regex') === 'true';
  if (value === undefined) return { present_match: true };
  return { string_match: isRegex ? { safe_regex: { regex: value } } : { exact: value } };
}

function routeAction(route: V1Map): Record<string, unknown> {
  const retry = route.map('retry_policy');
  const shadow = route.map('shadow');
  const websocket = route.text('use_websocket') === 'true';
  const hash = route.map('hash_policy');
  const same = Object.fromEntries(ACTION.map((field) => [field, route.take(field)]));
  return defined({
    ...same,
    weighted_clusters: route.take('weighted_clusters'),
    host_rewrite_literal: route.take('host_rewrite'),
    timeout: route.duration('timeout_ms'),
    priority: route.capitals('priority'),
    retry_policy: retry?.build({ per_try_timeout: retry.duration('per_try_timeout_ms') }),
    request_mirror_policies: shadow && [shadow.build({})],
    upgrade_configs: websocket ? [{ upgrade_type: 'websocket' }] : undefined,
    hash_policy: hash && [{ header: hash.build({}) }],
    cors: route.take('cors'),
  });
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
