import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import { StatsdSink } from './statsd.ts';
import { decodeStatsSinks } from './stats-sinks.decode.ts';
import { StatsStore } from './stats-store.ts';

const PACKAGE = 'type.googleapis.com/envoy.config.metrics.v3';
const ADDRESS = 'address: {socket_address: {address: 127.0.0.1, port_value: 8125}}';

function decode(kind: string, fields: string) {
  const text = `stats_sinks: [{name: s, typed_config: {"@type": ${PACKAGE}.${kind}, ${fields}}}]`;
  const { message, faults } = loadConfig({ text, file: 'b.yaml', typeName: 'envoy.config.bootstrap.v3.Bootstrap' });
  const cx = new DecodeContext(sourceNamed('b.yaml'));
  const configs = decodeStatsSinks((message as Bootstrap).statsSinks, cx);
  return {
    configs,
    said: [...faults, ...cx.faults, ...cx.warnings].map(({ path, message: what }) => `${path}: ${what}`),
  };
}

function world(kind: string, fields = ADDRESS) {
  const [config] = decode(kind, fields).configs;
  assert.ok(config?.kind === 'statsd');
  const heard: string[] = [];
  const store = new StatsStore();
  const sink = new StatsdSink(config, () => ({
    send: (datagram) => void heard.push(datagram.toString()),
    close: () => void heard.push('closed'),
  }));
  const flush = (): string[] => {
    store.flush();
    sink.flush(store);
    return heard.splice(0);
  };
  return { store, sink, flush };
}

test('counters are told by what came since, gauges as they are, what never moved not at all', () => {
  const { store, flush, sink } = world('StatsdSink');
  store.counter('http.in.downstream_rq_2xx').add(3);
  store.counter('unused');
  store.gauge('server.live').set(1);
  assert.deepEqual(flush(), ['envoy.http.in.downstream_rq_2xx:3|c\nenvoy.server.live:1|g']);
  store.counter('http.in.downstream_rq_2xx').inc();
  assert.deepEqual(flush(), ['envoy.http.in.downstream_rq_2xx:1|c\nenvoy.server.live:1|g']);
  assert.deepEqual(flush(), ['envoy.http.in.downstream_rq_2xx:0|c\nenvoy.server.live:1|g']);
  sink.close();
});

test('values of histograms are told once each, with how many were alike', () => {
  const { store, flush } = world('StatsdSink', `${ADDRESS}, prefix: p`);
  for (const value of [7, 7, 7, 12, 1234]) store.histogram('h').record(value);
  assert.deepEqual(flush(), ['p.h:7|ms|@0.333333\np.h:12|ms\np.h:1250|ms']);
  assert.deepEqual(flush(), []);
});

test('DogStatsD has tags, and no datagram is larger than it may be', () => {
  const { store, flush } = world('DogStatsdSink', `${ADDRESS}, prefix: dog, max_bytes_per_datagram: 100`);
  store.counter('http.in.downstream_rq_2xx').add(1);
  store.counter('listener.127.0.0.1_80.downstream_cx_total').add(2);
  assert.deepEqual(flush(), [
    'dog.http.downstream_rq_xx:1|c|#envoy.response_code_class:2,envoy.http_conn_manager_prefix:in',
    'dog.listener.downstream_cx_total:2|c|#envoy.listener_address:127.0.0.1_80',
  ]);
});

test('a statsd over TCP and other sinks are named, an address that is a name is refused', () => {
  assert.match(
    decode('StatsdSink', 'tcp_cluster_name: c').said.join(),
    /tcp_cluster_name: is not implemented by Weft yet/,
  );
  assert.match(decode('HystrixSink', 'num_buckets: 1').said.join(), /HystrixSink is not implemented by Weft yet/);
  const named = decode('StatsdSink', 'address: {socket_address: {address: localhost, port_value: 1}}');
  assert.deepEqual(named.configs, []);
  assert.match(named.said.join(), /stats_sinks|typed_config/);
});
