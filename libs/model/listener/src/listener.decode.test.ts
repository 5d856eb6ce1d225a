import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import { predicateMatches } from './connection-predicate.ts';
import { decodeListener, type ListenerDecoders } from './listener.decode.ts';
import type { ListenerExtensions } from './listener.ts';

const decoders: ListenerDecoders<ListenerExtensions> = {
  networkFilter: (_cx, any) => ({
    filter: any?.typeUrl,
    terminal: any?.typeUrl.endsWith('Echo') === true,
    typeName: any?.typeUrl.split('.').at(-1) ?? '',
  }),
  transportSocket: () => 'tls',
  listenerFilter: (_cx, any) => any?.typeUrl.split('.').at(-1),
  impliedFilter: (_cx, typeName) => `implied ${typeName.split('.').at(-1)}`,
  udpFilter: () => ({}),
  accessLogs: () => [],
};

const filter = (type: string): string =>
  `{name: ${type}, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.${type}}}`;
const ECHO = filter('echo.v3.Echo');
const SNI = filter('sni_cluster.v3.SniCluster');
const ADDRESS = 'address: {socket_address: {address: 127.0.0.1, port_value: 80}}';

function decode(fields: string) {
  const { message, faults } = loadConfig({
    text: `{${fields}}`,
    file: 'l',
    typeName: 'envoy.config.listener.v3.Listener',
  });
  assert.deepEqual(faults, []);
  const cx = new DecodeContext(sourceNamed('l'));
  return {
    config: decodeListener(message as Listener, cx, decoders),
    faults: cx.faults.map(({ path, message: text }) => `${path}: ${text}`),
  };
}

describe('a listener', () => {
  it('has the defaults of Envoy', () => {
    const { config } = decode(`${ADDRESS}, filter_chains: [{filters: [${ECHO}]}]`);
    assert.equal(config?.name, '127.0.0.1:80');
    assert.equal(config?.statPrefix, '127.0.0.1_80');
    assert.equal(config?.listenerFiltersTimeoutMs, 15_000);
    assert.equal(config?.perConnectionBufferLimitBytes, 1024 * 1024);
    assert.equal(config?.bindToPort, true);
    assert.equal(config?.drainType, 'DEFAULT');
  });

  it('wants a terminal filter last, and only there', () => {
    assert.deepEqual(decode(`${ADDRESS}, filter_chains: [{filters: [${SNI}, ${ECHO}]}]`).faults, []);
    assert.deepEqual(decode(`${ADDRESS}, filter_chains: [{filters: [${ECHO}, ${ECHO}]}]`).faults, [
      'filter_chains[0].filters[0]: terminal filter named echo.v3.Echo of type Echo must be the last filter in a network filter chain',
    ]);
    assert.deepEqual(decode(`${ADDRESS}, default_filter_chain: {filters: [${SNI}]}`).faults, [
      'default_filter_chain.filters[0]: non-terminal filter named sni_cluster.v3.SniCluster of type SniCluster is the last filter in a network filter chain',
    ]);
  });

  it('may have a chain without filters, and none without chains', () => {
    assert.deepEqual(decode(`${ADDRESS}, filter_chains: [{}]`).faults, []);
    assert.match(decode(ADDRESS).faults[0] ?? '', /no filter chains specified/);
  });

  it('listens on addresses that are some', () => {
    const faultOf = (address: string) =>
      decode(`address: {socket_address: {address: "${address}", port_value: 0}}, filter_chains: [{filters: [${ECHO}]}]`)
        .faults[0] ?? '';
    for (const address of ['127.0.0.1', '::', '::ffff:10.0.0.1']) assert.equal(faultOf(address), '');
    for (const address of ['300.1.1.1', '1.2.3', '::1::', 'localhost'])
      assert.match(faultOf(address), /not an IP address/);
  });

  it('gets the filters that older fields imply, once', () => {
    const names = (fields: string) => decode(`${ADDRESS}, ${fields}`).config?.listenerFilters.map((one) => one.filter);
    const chains = `filter_chains: [{use_proxy_proto: true, filters: [${ECHO}]}]`;
    assert.deepEqual(names(`use_original_dst: true, ${chains}`), ['implied OriginalDst', 'implied ProxyProtocol']);
    const named = `listener_filters: [{name: o, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst}}]`;
    assert.deepEqual(names(`use_original_dst: true, ${named}, filter_chains: [{filters: [${ECHO}]}]`), ['OriginalDst']);
  });

  it('is internal by its name alone', () => {
    const chains = `filter_chains: [{filters: [${ECHO}]}]`;
    const { config } = decode(`name: i, internal_listener: {}, ${chains}`);
    assert.deepEqual(config?.address, { kind: 'internal', name: 'i' });
    assert.equal(config?.bindToPort, false);
    assert.match(
      decode(`name: i, internal_listener: {}, ${ADDRESS}, ${chains}`).faults[0] ?? '',
      /address should not be used/,
    );
    assert.match(decode(`internal_listener: {}, ${chains}`).faults[0] ?? '', /found by its name/);
  });

  it('says for which ports a listener filter is disabled', () => {
    const { config } = decode(`${ADDRESS}, filter_chains: [{filters: [${ECHO}]}], listener_filters: [{name: o,
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst},
      filter_disabled: {and_match: {rules: [{destination_port_range: {start: 80, end: 90}}, {not_match: {destination_port_range: {start: 85, end: 86}}}]}}}]`);
    const { disabled } = config!.listenerFilters[0]!;
    assert.deepEqual([79, 80, 85, 89, 90, undefined].map((port) => predicateMatches(disabled!, port)), [false, true, false, true, false, false]); // prettier-ignore
  });
});
