import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { VirtualHost as Message } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeRetryPolicy } from '@weft/model-policy';
import { bufferLimit } from './buffer-limit.decode.ts';
import type { HostContext, TableContext } from './decode-surroundings.ts';
import { decodeLevel } from './level.decode.ts';
import type { Level } from './level.ts';
import { indexVirtualHost } from './route-index.ts';
import type { IndexedVirtualHost, RedirectAction, ResolvedRoute, Route, VirtualHost } from './route.ts';
import { decodeRoute, resolve } from './route.decode.ts';

export const virtualHostSupport: FieldSupport = {
  'envoy.config.route.v3.VirtualHost': [
    'name',
    'domains',
    'routes',
    'require_tls',
    'request_headers_to_add',
    'request_headers_to_remove',
    'response_headers_to_add',
    'response_headers_to_remove',
    'typed_per_filter_config',
    'include_request_attempt_count',
    'include_attempt_count_in_response',
    'include_is_timeout_retry_header',
    'retry_policy',
    'per_request_buffer_limit_bytes',
    'request_body_buffer_limit',
    'metadata',
  ],
};

const TLS_REQUIREMENTS = ['none', 'external_only', 'all'] as const;

export function decodeVirtualHost(message: Message, table: TableContext, cx: DecodeContext): IndexedVirtualHost {
  const routes: Route[] = [];
  const virtualHost: VirtualHost = {
    name: message.name,
    domains: message.domains.map((domain) => domain.toLowerCase()),
    routes,
    requireTls: TLS_REQUIREMENTS[message.requireTls] ?? 'none',
    includeRequestAttemptCount: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    includeIsTimeoutRetryHeader: message.includeIsTimeoutRetryHeader,
    metadata: message.metadata?.filterMetadata,
  };
  const host: HostContext = {
    table,
    virtualHost,
    level: decodeLevel(message, table.options, cx),
    retryPolicy: message.retryPolicy && decodeRetryPolicy(message.retryPolicy, cx.at('retry_policy')),
    bufferLimitBytes: bufferLimit(message),
  };
  for (const [i, route] of message.routes.entries()) {
    const decoded = decodeRoute(route, host, cx.at('routes', i));
    if (decoded !== undefined) routes.push(decoded);
  }
  return indexVirtualHost(virtualHost, virtualHost.requireTls === 'none' ? undefined : tlsRedirect(host));
}

function tlsRedirect(host: HostContext): ResolvedRoute {
  const action: RedirectAction = {
    kind: 'redirect',
    scheme: 'https',
    host: '',
    port: 0,
    path: '',
    pathRewrite: undefined,
    stripQuery: false,
    status: 301,
  };
  return resolve(
    {
      name: '',
      match: {
        path: { kind: 'prefix', text: '/', ignoreCase: false },
        headers: [],
        query: [],
        runtimeFraction: undefined,
        grpc: false,
      },
      action,
      decorator: undefined,
      tracing: undefined,
      bufferLimitBytes: undefined,
      filterConfigs: new Map(),
    },
    { host, level: NOTHING },
  ).resolved[0] as ResolvedRoute;
}

const NOTHING: Level = {
  request: { add: [], remove: [] },
  response: { add: [], remove: [] },
  filterConfigs: new Map(),
};
