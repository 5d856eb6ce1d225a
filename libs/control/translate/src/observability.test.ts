import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJsonString, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

const SERVICES = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: catalog}
spec:
  hosts: [catalog.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 6379, name: redis, protocol: REDIS}]
  endpoints: [{address: 10.0.0.1}]
`;
const PROXY = `proxies: [{name: client, traffic: explicit, upstreams: [{host: catalog, port: 80, localPort: 1}, {host: catalog, port: 6379, localPort: 2}]}]`;

/** What the client is told, as JSON, with these defaults of the mesh. */
function told(mesh: string): { readonly clusters: string; readonly listeners: string } {
  const { snapshot, proxies } = readWorld(`mesh: ${mesh}\n${PROXY}\n---${SERVICES}`);
  const client = proxies.get('client');
  assert.ok(client !== undefined);
  const { clusters, listeners } = translate(snapshot, client);
  return { clusters: json(clusters), listeners: json(listeners) };
}

function json(messages: readonly Message[]): string {
  return messages
    .map((message) => {
      const desc = registry().getMessage(message.$typeName);
      assert.ok(desc !== undefined);
      return toJsonString(desc, message, { registry: registry() });
    })
    .join('\n');
}

test('without a word nothing is traced, logged, or looked into', () => {
  const { clusters, listeners } = told('{}');
  assert.doesNotMatch(clusters, /zipkin/);
  assert.doesNotMatch(listeners, /tracing|accessLog|redis_proxy/);
});

test('a Zipkin is a cluster, and every connection manager sends its spans there', () => {
  const { clusters, listeners } = told('{tracing: {host: zipkin.test, port: 9411, samplingPercent: 5}}');
  assert.match(clusters, /"name":"zipkin","type":"STRICT_DNS"/);
  assert.match(listeners, /"randomSampling":\{"value":5\}/);
  assert.match(listeners, /"collectorCluster":"zipkin"/);
});

test('the access log names the policy that denied, for requests and for connections', () => {
  const { listeners } = told('{accessLogFile: /dev/stdout}');
  assert.equal(listeners.split('"path":"/dev/stdout"').length - 1, 2);
  assert.match(listeners, /%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS%/);
});

test('the access log names the AUDIT policy that a workload was asked by, whatever became of the request', () => {
  const { snapshot, proxies } = readWorld(`mesh: {accessLogFile: /dev/stdout}
proxies: [{name: api-1, labels: {app: api}, addresses: [10.0.0.1]}]
workloads: [{name: api-1, service: api, labels: {app: api}, addresses: [10.0.0.1], ports: [{name: http, port: 80}, {name: tcp, port: 81}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: who}
spec: {action: AUDIT, selector: {matchLabels: {app: api}}, rules: [{}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: nobody}
spec: {action: DENY, rules: [{}]}
`);
  const [inbound = '', outbound = ''] = ['virtualInbound', 'virtualOutbound'].map((name) =>
    json(translate(snapshot, [...proxies.values()][0] as never).listeners.filter((one) => one.name === name)),
  );
  assert.match(
    inbound,
    /audit=%DYNAMIC_METADATA\(envoy\.filters\.http\.rbac:istio_audit_shadow_effective_policy_id\)%\\n"/,
  );
  assert.match(
    inbound,
    /audit=%DYNAMIC_METADATA\(envoy\.filters\.network\.rbac:istio_audit_shadow_effective_policy_id\)%\\n"/,
  );
  assert.ok(inbound.indexOf('"action":"LOG"') < inbound.indexOf('"action":"DENY"'), 'what is denied is audited');
  assert.match(inbound, /"shadowRulesStatPrefix":"istio_audit_"/);
  assert.doesNotMatch(outbound, /audit=/);
});

test('the control plane gets access logs by the cluster that configuration comes by, another server by one of its own', () => {
  const here = told('{accessLogService: control-plane}');
  assert.equal(here.listeners.split('"clusterName":"xds-grpc"').length - 1, 2);
  assert.match(here.listeners, /"logName":"http_envoy_accesslog".*HttpGrpcAccessLogConfig/);
  assert.match(here.listeners, /"logName":"tcp_envoy_accesslog".*TcpGrpcAccessLogConfig/);
  assert.doesNotMatch(here.clusters, /accesslog/);
  const there = told('{accessLogService: {host: logs.test, port: 9001}}');
  assert.match(there.listeners, /"clusterName":"envoy_accesslog_service"/);
  assert.match(there.clusters, /"name":"envoy_accesslog_service","type":"STRICT_DNS".*"http2ProtocolOptions":\{\}/);
});

test('Redis is called by command where the mesh asks for it', () => {
  const { listeners } = told('{redisFilter: true}');
  assert.match(listeners, /"enableCommandStats":true/);
  assert.match(listeners, /"cluster":"outbound\|6379\|\|catalog/);
});
