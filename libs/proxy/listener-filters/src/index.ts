import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { httpInspectorSupport } from './http-inspector/index.ts';
import { listenerRateLimitSupport } from './local-ratelimit/index.ts';
import { originalDstSupport } from './original-dst/index.ts';
import { proxyProtocolSupport } from './proxy-protocol/index.ts';
import { tlsInspectorSupport } from './tls-inspector/index.ts';

export { listenerFilterFactories } from './registry.ts';
export { recogniseHttp, type HttpGuess } from './http-inspector/index.ts';
export { parseProxyHeader, type ProxyHeader, type ProxyHeaderResult, type ProxyTlv } from './proxy-protocol/index.ts';

/** The fields of Envoy's API that listener filters implement. */
export const listenerFilterSupport: FieldSupport = mergeSupport([
  httpInspectorSupport,
  listenerRateLimitSupport,
  originalDstSupport,
  proxyProtocolSupport,
  tlsInspectorSupport,
]);
