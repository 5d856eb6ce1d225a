import type { ListenerFilterFactory } from '@weft/proxy-filter-api';
import { httpInspectorFactory } from './http-inspector/index.ts';
import { listenerRateLimitFactory } from './local-ratelimit/index.ts';
import { originalDstFactory } from './original-dst/index.ts';
import { proxyProtocolFactory } from './proxy-protocol/index.ts';
import { tlsInspectorFactory } from './tls-inspector/index.ts';

/** Every listener filter of this proxy, one line each. A listener looks its filters up here by their configuration's type. */
export const listenerFilterFactories: readonly ListenerFilterFactory<unknown>[] = [
  // Each factory is asked only for what it decoded itself: the type of its configuration is its own affair.
  tlsInspectorFactory as ListenerFilterFactory<unknown>,
  httpInspectorFactory as ListenerFilterFactory<unknown>,
  proxyProtocolFactory as ListenerFilterFactory<unknown>,
  originalDstFactory as ListenerFilterFactory<unknown>,
  listenerRateLimitFactory as ListenerFilterFactory<unknown>,
];
