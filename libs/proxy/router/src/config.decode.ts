import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Router } from '@weft/api-envoy/gen/envoy/extensions/filters/http/router/v3/router_pb';
import type { RouterConfig } from './config.ts';

export const ROUTER_TYPE = 'envoy.extensions.filters.http.router.v3.Router';

export const supported: FieldSupport = {
  [ROUTER_TYPE]: ['dynamic_stats', 'suppress_envoy_headers', 'strict_check_headers', 'respect_expected_rq_timeout'],
};

const STRICT_HEADERS = [
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-max-retries',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
];

export function decodeRouter(message: Message, cx: DecodeContext): RouterConfig | undefined {
  const router = message as Router;
  let good = true;
  for (const [i, name] of router.strictCheckHeaders.entries()) {
    if (STRICT_HEADERS.includes(name)) continue;
    cx.at('strict_check_headers', i).error(`"${name}" cannot be checked`, {
      expected: `one of ${STRICT_HEADERS.join(', ')}`,
    });
    good = false;
  }
  if (!good) return undefined;
  return {
    dynamicStats: router.dynamicStats ?? true,
    suppressEnvoyHeaders: router.suppressEnvoyHeaders,
    respectExpectedRqTimeout: router.respectExpectedRqTimeout,
    strictCheckHeaders: router.strictCheckHeaders,
  };
}
