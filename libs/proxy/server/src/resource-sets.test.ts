import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeContext, formatFault, loadConfig } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { parseProxyOptions } from './options.ts';
import { ProxyServer } from './proxy-server.ts';

const ANY = '"@type": type.googleapis.com/envoy.extensions.filters';

function faultsOf(...listeners: readonly string[]): string[] {
  const text = `{static_resources: {listeners: [${listeners.join()}], clusters: [{name: known, type: STATIC, connect_timeout: 1s}]}}`;
  const typeName = 'envoy.config.bootstrap.v3.Bootstrap';
  const { message, faults } = loadConfig({ text, file: 'x.yaml', typeName });
  assert.deepEqual(faults, []);
  const parsed = parseProxyOptions(['-c', 'x.yaml']);
  assert.ok(parsed.kind === 'options');
  const cx = new DecodeContext({ file: 'x.yaml', position: () => undefined });
  ProxyServer.decode(message as Bootstrap, cx, { options: parsed.options, runtime: createFakeRuntime() });
  return cx.faults.map(formatFault);
}

function listener(name: string, address: string, cluster: string): string {
  return `{name: ${name}, address: {socket_address: {address: "${address}", port_value: 1}}, filter_chains: [{filters: [{name: h, typed_config: {
    ${ANY}.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: h,
    route_config: {virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: ${cluster}}}]}]},
    http_filters: [{name: r, typed_config: {${ANY}.http.router.v3.Router}}]}}]}]}`;
}

test('a fault in the address of a listener hides no route to a cluster that is nowhere', () => {
  const faults = faultsOf(listener('a', 'nonsense', 'knwon'), listener('b', '127.0.0.1', 'other'));
  assert.equal(faults.length, 3);
  assert.match(faults[0] ?? '', /listeners\[0\]\.address/);
  assert.match(faults[1] ?? '', /listeners\[0\]\..*cluster: there is no cluster "knwon".*did you mean "known"/);
  assert.match(faults[2] ?? '', /listeners\[1\]\..*cluster: there is no cluster "other"/);
});
