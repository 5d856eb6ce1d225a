import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext, formatFault, loadConfig } from '@weft/api-envoy';
import type {
  ApiConfigSource as ApiMessage,
  ConfigSource as Message,
} from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import { decodeAdsConfig, decodeConfigSource } from './config-source.decode.ts';

function decode(text: string): { source: unknown; faults: string[] } {
  const loaded = loadConfig({ text, file: 'a', typeName: 'envoy.config.core.v3.ConfigSource' });
  assert.deepEqual(loaded.faults.map(formatFault), []);
  const cx = new DecodeContext({ file: 'a', position: () => undefined });
  const source = decodeConfigSource(loaded.message as Message, cx);
  return { source, faults: cx.faults.map(formatFault) };
}

const GRPC = 'grpc_services: [{envoy_grpc: {cluster_name: xds}, initial_metadata: [{key: A, value: b}]}]';
const SERVICE = { timeoutMs: 0, initialMetadata: [['a', 'b']], kind: 'cluster', cluster: 'xds', authority: 'xds' };
const API = {
  kind: 'api',
  apiType: 'GRPC',
  grpcServices: [SERVICE],
  clusterNames: [],
  refreshDelayMs: 0,
  requestTimeoutMs: 1000,
  setNodeOnFirstMessageOnly: false,
  rateLimit: undefined,
  initialFetchTimeoutMs: 15_000,
};

describe('a config source', () => {
  const good: readonly [text: string, source: object][] = [
    ['{path: /a}', { kind: 'file', path: '/a', watchedDirectory: undefined, initialFetchTimeoutMs: 15_000 }],
    [
      '{path_config_source: {path: /a, watched_directory: {path: /b}}, initial_fetch_timeout: 0s}',
      { kind: 'file', path: '/a', watchedDirectory: '/b', initialFetchTimeoutMs: 0 },
    ],
    ['{ads: {}, initial_fetch_timeout: 1.5s}', { kind: 'ads', initialFetchTimeoutMs: 1500 }],
    ['{self: {}}', { kind: 'self', initialFetchTimeoutMs: 15_000 }],
    [`{api_config_source: {api_type: GRPC, ${GRPC}}}`, API],
    [`{api_config_source: {api_type: AGGREGATED_GRPC, ${GRPC}}}`, API],
    [
      `{api_config_source: {api_type: DELTA_GRPC, ${GRPC}, set_node_on_first_message_only: true, rate_limit_settings: {}}}`,
      { ...API, apiType: 'DELTA_GRPC', setNodeOnFirstMessageOnly: true, rateLimit: { maxTokens: 100, fillRate: 10 } },
    ],
    [
      '{api_config_source: {api_type: REST, cluster_names: [r], refresh_delay: 3s, request_timeout: 0.2s}}',
      { ...API, apiType: 'REST', grpcServices: [], clusterNames: ['r'], refreshDelayMs: 3000, requestTimeoutMs: 200 },
    ],
  ];
  for (const [text, source] of good) it(`may be ${text}`, () => assert.deepEqual(decode(text), { source, faults: [] }));

  const bad: readonly [text: string, fault: RegExp][] = [
    ['{}', /names no source/],
    ['{api_config_source: {api_type: GRPC}}', /grpc_services: is empty/],
    [`{api_config_source: {api_type: GRPC, cluster_names: [a], ${GRPC}}}`, /cluster_names: is for REST/],
    [
      `{api_config_source: {api_type: REST, cluster_names: [a], refresh_delay: 1s, ${GRPC}}}`,
      /grpc_services: is not for/,
    ],
    ['{api_config_source: {api_type: REST, cluster_names: [a, b], refresh_delay: 1s}}', /cluster_names: has 2 names/],
    ['{api_config_source: {api_type: REST, cluster_names: [a]}}', /refresh_delay: is missing/],
    ['{api_config_source: {api_type: GRPC, grpc_services: [{}]}}', /grpc_services\[0\]: names nobody to call/],
  ];
  for (const [text, fault] of bad) {
    it(`may not be ${text}`, () => {
      const { source, faults } = decode(text);
      assert.equal(source, undefined);
      assert.match(faults.join('\n'), fault);
    });
  }

  it('of the aggregated stream may not be polled', () => {
    const text = '{api_type: REST, cluster_names: [a], refresh_delay: 1s}';
    const { message } = loadConfig({ text, file: 'a', typeName: 'envoy.config.core.v3.ApiConfigSource' });
    const cx = new DecodeContext({ file: 'a', position: () => undefined });
    assert.equal(decodeAdsConfig(message as ApiMessage, cx), undefined);
    assert.match(cx.faults.map(formatFault).join(), /api_type: is REST/);
  });
});
