import type { ConfigNode } from '@weft/core-config-text';
import { httpFilterNamed } from './extension-names.ts';
import { TYPE_URL } from './extensions.ts';
import { v1VirtualHost } from './v1-route.ts';
import { headersToAdd } from './v1-headers.ts';
import type { V1Map } from './v1-map.ts';

/** The configuration of v1's http_connection_manager. */
export function v1ConnectionManager(config: V1Map): ConfigNode {
  const routes = config.map('route_config');
  const codec = config.text('codec_type');
  const idle = config.duration('idle_timeout_s', 1000);
  const tracing = config.map('tracing');
  if (tracing !== undefined) tracing.take('operation_name');
  return config.build({
    codec_type: codec === undefined ? undefined : config.at('codec_type', codec.toUpperCase()),
    route_config: routes === undefined ? undefined : v1RouteConfig(routes),
    http_filters: config.maps('filters')?.map(v1HttpFilter),
    access_log: config.maps('access_log')?.map(v1AccessLog),
    http_protocol_options: config.take('http1_settings'),
    http2_protocol_options: config.take('http2_settings'),
    drain_timeout: config.duration('drain_timeout_ms'),
    tracing: tracing?.build({}),
    ...(idle !== undefined && { common_http_protocol_options: { idle_timeout: idle } }),
    forward_client_cert_details: config.capitals('forward_client_cert'),
  });
}

function v1RouteConfig(routes: V1Map): ConfigNode {
  return routes.build({
    name: routes.take('name') ?? routes.at('virtual_hosts', 'local_route'),
    virtual_hosts: routes.maps('virtual_hosts')?.map(v1VirtualHost),
    ...headersToAdd(routes),
  });
}

/** `{type: decoder, name: router, config: {…}}` */
function v1HttpFilter(filter: V1Map): ConfigNode {
  filter.take('type');
  const name = filter.text('name') ?? '';
  const known = httpFilterNamed(`envoy.${name === 'http_dynamo_filter' ? 'dynamo' : name}`);
  if (known === undefined) return filter.build({ name: filter.at('name', name) });
  const config = filter.map('config');
  const typed_config =
    config === undefined ? { '@type': TYPE_URL + known.type } : v1FilterConfig(name, config, TYPE_URL + known.type);
  return filter.upgraded(`the filter "${name}"`, { name: filter.at('name', known.name), typed_config });
}

function v1FilterConfig(name: string, config: V1Map, type: string): ConfigNode {
  const fields: Record<string, unknown> = { '@type': type };
  if (name === 'buffer') config.take('max_request_time_s');
  if (name === 'health_check') {
    const endpoint = config.take('endpoint');
    if (endpoint !== undefined) fields['headers'] = [{ name: ':path', string_match: { exact: endpoint } }];
    fields['cache_time'] = config.duration('cache_time_ms');
  }
  if (name === 'fault') {
    fields['abort'] = faultAbort(config.map('abort'));
    fields['delay'] = faultDelay(config.map('delay'));
  }
  return config.build(fields);
}

function faultAbort(abort: V1Map | undefined): unknown {
  return abort?.build({ percentage: { numerator: abort.take('abort_percent') } });
}

function faultDelay(delay: V1Map | undefined): unknown {
  if (delay === undefined) return undefined;
  delay.take('type');
  const percentage = { numerator: delay.take('fixed_delay_percent') };
  return delay.build({ percentage, fixed_delay: delay.duration('fixed_duration_ms') });
}

/** `{path, format}` */
export function v1AccessLog(log: V1Map): ConfigNode {
  const format = log.take('format');
  const typed_config = {
    '@type': `${TYPE_URL}envoy.extensions.access_loggers.file.v3.FileAccessLog`,
    path: log.take('path'),
    ...(format && { log_format: { text_format_source: { inline_string: format } } }),
  };
  return log.upgraded('the access log', { name: 'envoy.access_loggers.file', typed_config });
}
