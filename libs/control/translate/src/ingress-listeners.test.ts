import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { simulate, type TestCall } from './simulate.testing.ts';
import { statuses } from './status.testing.ts';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

const text = readFileSync(new URL('../testdata/sidecar-ingress/in.yaml', import.meta.url), 'utf8');

/** Certificates are files of the workload's machine: in no golden world, since Envoy looks whether they are there. */
const OWN_TLS = `${text
  .replace(
    '  - {port: {number: 7000',
    `  - port: {number: 8443, protocol: HTTPS}
    tls: {mode: MUTUAL, serverCertificate: /etc/server.pem, privateKey: /etc/key.pem, caCertificates: /etc/ca.pem}
  - {port: {number: 7000`,
  )
  .trimEnd()}
  - port: {number: 8443, protocol: HTTPS}
    bind: 127.0.0.1
    tls: {mode: SIMPLE, serverCertificate: /etc/server.pem, privateKey: /etc/key.pem}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  portLevelMtls: {8443: {mode: DISABLE}}
`;

function server(name: string, yaml = text) {
  const { snapshot, proxies } = readWorld(yaml);
  const proxy = proxies.get(name);
  assert.ok(proxy);
  const resources = translate(snapshot, proxy);
  return { resources, call: (call: TestCall) => simulate(resources, 'inbound', call) };
}

/** Where a cluster has its only endpoint, and from which address it is called. */
function endpoint(resources: ReturnType<typeof translate>, name: string): string {
  const [host] = resources.clusters.find((one) => one.name === name)?.loadAssignment?.endpoints[0]?.lbEndpoints ?? [];
  const at = host?.hostIdentifier.case === 'endpoint' ? host.hostIdentifier.value.address?.address : undefined;
  if (at?.case === 'pipe') return at.value.path;
  return at?.case === 'socketAddress' ? `${at.value.address}:${at.value.portSpecifier.value ?? 0}` : '';
}

test('calls arrive at the ports that ingress names and go where the program is', () => {
  const { call, resources } = server('api-1');
  const inMesh = { sni: 'outbound_.8080_._.api.default.svc.cluster.local', alpn: ['istio'] };
  const http = call({ ip: '10.0.1.1', port: 8080, tls: inMesh });
  assert.deepEqual([http.listener, http.chain, http.cluster], ['virtualInbound', '8080-mtls', 'inbound|8080||']);
  assert.equal(endpoint(resources, 'inbound|8080||'), '/run/api.sock');
  assert.equal(call({ ip: '10.0.1.1', port: 7000, raw: true }).cluster, 'inbound|7000||');
  assert.equal(endpoint(resources, 'inbound|7000||'), '10.0.1.1:7001');
  assert.equal(call({ ip: '10.0.1.1', port: 9000 }).cluster, 'InboundPassthroughCluster');
});

test('a port with captureMode NONE has a listener that is bound', () => {
  const { call, resources } = server('api-1');
  const found = call({ ip: '10.0.1.1', port: 7002 });
  assert.deepEqual([found.listener, found.cluster], ['inbound_10.0.1.1_7002', 'inbound|7002||']);
  assert.equal(endpoint(resources, 'inbound|7002||'), '127.0.0.1:7003');
});

test('tls of a port is ended where PeerAuthentication says DISABLE, and a Sidecar says where it is not', () => {
  const ended = server('api-1', OWN_TLS).call({ ip: '10.0.1.1', port: 8443, tls: { sni: 'api.example' } });
  assert.deepEqual([ended.chain, ended.secured, ended.filters], ['8443-tls', true, ['HttpConnectionManager']]);
  const passed = server('tool-1', OWN_TLS).call({ ip: '127.0.0.1', port: 8443, tls: { sni: 'tool.example' } });
  assert.deepEqual([passed.chain, passed.secured, passed.filters], ['8443-own-tls', false, ['TcpProxy']]);
  const found = statuses(OWN_TLS);
  assert.equal(found['Sidecar api'], 'effective on 1 proxy');
  assert.equal(
    found['Sidecar tool'],
    'effective on 1 proxy; tls of port 8443 has no effect: PeerAuthentication says PERMISSIVE there, and not DISABLE',
  );
});

test('an explicit workload keeps its port where ingress names the one that clients know', () => {
  const { call, resources } = server('tool-1');
  assert.equal(call({ ip: '10.0.1.2', port: 8000 }).listener, 'inbound_10.0.1.2_8000');
  assert.equal(endpoint(resources, 'inbound|80||'), '127.0.0.1:3001');
});

test('limits are those of the port, else those of the Sidecar', () => {
  const { resources } = server('api-1');
  const limits = (name: string) => {
    const [found] = resources.clusters.find((one) => one.name === name)?.circuitBreakers?.thresholds ?? [];
    return [found?.maxConnections, found?.maxPendingRequests];
  };
  assert.deepEqual(limits('inbound|8080||'), [0xffff_ffff, 7]);
  assert.deepEqual(limits('inbound|7000||'), [100, 0xffff_ffff]);
});
