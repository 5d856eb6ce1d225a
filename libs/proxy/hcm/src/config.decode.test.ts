import { DecodeContext, loadConfig, validateMessage } from '@weft/api-envoy';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { HttpFilterFactory } from '@weft/proxy-filter-api';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HcmConfig } from './config.ts';
import { decodeHcm } from './config.decode.ts';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const router: HttpFilterFactory<unknown> = {
  typeName: ROUTER,
  terminal: true,
  decode: () => ({}),
  prepare: () => () => ({}),
};

/** Decodes a connection manager with `fields`, and a router where they name no filters. */
function decode(
  fields: object,
  judging = false,
): { config: HcmConfig | undefined; faults: string[]; warnings: string[] } {
  const text = JSON.stringify({
    stat_prefix: 's',
    route_config: {},
    http_filters: [{ name: 'router', typed_config: { '@type': `type.googleapis.com/${ROUTER}` } }],
    ...fields,
  });
  const typeName = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const loaded = loadConfig({ text, file: 'hcm.json', typeName });
  const cx = new DecodeContext(loaded.source, { faults: [...loaded.faults], warnings: [], judging });
  if (loaded.message === undefined) return { config: undefined, faults: said(cx.faults), warnings: [] };
  validateMessage(loaded.message, cx);
  const config = decodeHcm(loaded.message as HttpConnectionManager, cx, [router]);
  return { config, faults: said(cx.faults), warnings: said(cx.warnings) };
}
function said(faults: DecodeContext['faults']): string[] {
  return faults.map(({ path, message }) => `${path}: ${message}`);
}

describe('a connection manager’s configuration', () => {
  it('has Envoy’s defaults', () => {
    const { config, faults } = decode({});
    assert.deepEqual(faults, []);
    assert.equal(config?.codecType, 'AUTO');
    assert.deepEqual(config?.http2, {
      streamErrorOnInvalidHttpMessage: false,
      allowConnect: false,
      keepAlive: undefined,
    });
    assert.equal(config?.drainTimeoutMs, 5000);
    assert.equal(config?.idleTimeoutMs, 3_600_000);
    assert.equal(config?.streamIdleTimeoutMs, 300_000);
    assert.equal(config?.escapedSlashes, 'keep');
  });

  it('reads every option of HTTP/2', () => {
    const { config, faults } = decode({
      http2_protocol_options: {
        hpack_table_size: 8192,
        max_concurrent_streams: 7,
        initial_stream_window_size: 65535,
        initial_connection_window_size: 131070,
        allow_connect: true,
        max_outbound_frames: 11,
        max_outbound_control_frames: 12,
        max_consecutive_inbound_frames_with_empty_payload: 13,
        max_inbound_priority_frames_per_stream: 14,
        max_inbound_window_update_frames_per_data_frame_sent: 15,
        override_stream_error_on_invalid_http_message: true,
        connection_keepalive: { interval: '30s', timeout: '5s' },
      },
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(config?.http2, {
      hpackTableBytes: 8192,
      maxConcurrentStreams: 7,
      initialStreamWindowBytes: 65535,
      initialConnectionWindowBytes: 131070,
      maxOutboundFrames: 11,
      maxOutboundControlFrames: 12,
      maxConsecutiveInboundFramesWithEmptyPayload: 13,
      maxInboundPriorityFramesPerStream: 14,
      maxInboundWindowUpdateFramesPerDataFrameSent: 15,
      streamErrorOnInvalidHttpMessage: true,
      allowConnect: true,
      keepAlive: { intervalMs: 30_000, timeoutMs: 5000, jitterPercent: 15, idleIntervalMs: 0 },
    });
  });

  it('refuses settings that HTTP/2 does not have', () => {
    const of = (parameters: object[], more: object = {}): string[] =>
      decode({ http2_protocol_options: { custom_settings_parameters: parameters, ...more } }).faults;
    assert.match(of([{ identifier: 2, value: 1 }])[0] ?? '', /server push/);
    assert.match(of([{ identifier: 8, value: 1 }])[0] ?? '', /field of its own/);
    assert.match(of([{ identifier: 9, value: 1 }, { identifier: 9, value: 2 }])[0] ?? '', /another value/); // prettier-ignore
    assert.match(
      of([{ identifier: 3, value: 1 }], { max_concurrent_streams: 2 })[0] ?? '',
      /set by max_concurrent_streams too/,
    );
    assert.deepEqual(of([{ identifier: 99, value: 1 }]), []);
  });

  it('takes upgrades with filters of their own', () => {
    const filters = [{ name: 'router', typed_config: { '@type': `type.googleapis.com/${ROUTER}` } }];
    const upgrades = [
      { upgrade_type: 'WebSocket' },
      { upgrade_type: 'CONNECT', enabled: false },
      { upgrade_type: 'other', filters },
    ];
    const { config } = decode({ upgrade_configs: upgrades });
    assert.deepEqual(
      [...(config?.upgrades ?? [])].map(([token, { enabled, chain }]) => [token, enabled, chain?.terminal.name]),
      [
        ['websocket', true, undefined],
        ['connect', false, undefined],
        ['other', true, 'router'],
      ],
    );
    const twice = decode({ upgrade_configs: [{ upgrade_type: 'a' }, { upgrade_type: 'A' }] });
    assert.match(twice.faults[0] ?? '', /upgrade_configs\[1\]\.upgrade_type: "A" is configured twice/);
  });

  it('with a filter that comes later is refused for a proxy, and leaves it out for a verdict', () => {
    const cors = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' };
    const filters = [
      { name: 'cors', typed_config: cors },
      { name: 'router', typed_config: { '@type': `type.googleapis.com/${ROUTER}` } },
    ];
    const serving = decode({ http_filters: filters });
    assert.equal(serving.config, undefined);
    assert.match(serving.faults[0] ?? '', /http_filters\[0\]\.typed_config: the filter .*Cors is known to Envoy/);
    const judged = decode({ http_filters: filters }, true);
    assert.deepEqual(judged.faults, []);
    assert.equal(judged.config?.filters.length, 0);
    assert.match(judged.warnings[0] ?? '', /it comes later/);
    const last = decode({ http_filters: [filters[0]] }, true);
    assert.deepEqual([last.config, last.faults], [undefined, []]);
  });

  it('reads how names of HTTP/1 fields are written', () => {
    const of = (header_key_format: object): unknown =>
      decode({ http_protocol_options: { header_key_format } }).config?.http1.headerKeyFormat;
    assert.equal(of({ proper_case_words: {} }), 'proper_case_words');
    const type =
      'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';
    assert.deepEqual(
      of({ stateful_formatter: { name: 'p', typed_config: { '@type': type, forward_reason_phrase: true } } }),
      {
        forwardReasonPhrase: true,
        otherNames: 'lower_case',
      },
    );
  });
});
