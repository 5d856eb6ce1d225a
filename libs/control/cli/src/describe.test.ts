import { testSource } from '@weft/control-debug/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debugPort, weft } from './world.testing.ts';

const POD = `proxies: [{name: videos-api-584768f497-jjrqd, labels: {app: videos-api}, addresses: [10.1.0.2]}]
workloads: [{name: videos-api-584768f497-jjrqd, service: videos-api, addresses: [10.1.0.2], labels: {app: videos-api}, ports: [{name: http, port: 10010}]}]
`;

function virtualService(name: string, spec: string): string {
  return `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

async function described(world: string, what: string, options: Parameters<typeof testSource>[1] = {}): Promise<string> {
  return (await weft(`describe ${what}`, debugPort(testSource(world, options)))).stdout;
}

test("a pod with its sidecar is described to istioctl's letter", async () => {
  const steered = virtualService(
    'videos-api',
    '{hosts: [videos-api], http: [{route: [{destination: {host: videos-api}}], retries: {attempts: 3}}]}',
  );
  const metadata = { 'videos-api-584768f497-jjrqd': { ENVOY_PROMETHEUS_PORT: 15_090 } };
  const text = await described(POD + steered, 'pod videos-api-584768f497-jjrqd', { metadata });
  assert.equal(
    text.split('--------------------\nEffective')[0],
    `Pod: videos-api-584768f497-jjrqd
   Pod Ports: 10010 (videos-api), 15090 (istio-proxy)
Suggestion: add 'version' label to pod for Istio telemetry.
--------------------
Service: videos-api
   Port: http 10010/HTTP targets pod port 10010
VirtualService: videos-api
   1 HTTP route(s)
`,
  );
});

test('a program beside its sidecar is where the port of its service leads, and its own port has its name', async () => {
  const text = await described(
    `proxies: [{name: web-1, traffic: explicit}]
workloads:
  - {name: web-1, service: web, addresses: [127.0.0.1], labels: {app: web}, ports: [{port: 80, listenPort: 18101, appPort: 18100, protocol: HTTP}]}
  - {name: web-2, service: web, addresses: [127.0.0.1], labels: {app: web}, ports: [{port: 80, listenPort: 18201, appPort: 18200, protocol: HTTP}]}
`,
    'workload web-1',
  );
  assert.match(text, /^ {3}Workload Ports: 18100 \(web\), 18101 \(weft-proxy\)$/m);
  assert.match(text, /^ {3}Port: http 80\/HTTP targets workload port 18100$/m);
});

test('a WorkloadEntry without a proxy has no port of one, and no suggestion for telemetry', async () => {
  const text = await described(
    `proxies: []
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm}
spec: {address: 10.9.0.1, labels: {app: vm}, ports: {http: 8080}}
`,
    'workload vm',
  );
  assert.match(text, /^ {3}Workload Ports: 8080 \(vm\)$/m);
  assert.doesNotMatch(text, /15090|Suggestion/);
});

test('routes of one rule are one, whatever its retries make of it', async () => {
  const split = virtualService(
    'videos-api',
    `{hosts: [videos-api], http: [{retries: {attempts: 3}, route: [
      {destination: {host: videos-api}, weight: 90}, {destination: {host: elsewhere}, weight: 10}]}]}`,
  );
  const text = await described(POD + split, 'service videos-api');
  assert.match(text, /1 HTTP route\(s\)\n {6}\/\* -> 90% videos-api, 10% \S+\n$/);
});

test('a service is exposed at a Gateway only where a connected gateway has a route to it', async () => {
  const gateway = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["a.shop"]}]}
`;
  const world = (hosts: string) =>
    POD.replace('proxies: [', 'proxies: [{name: edge, role: gateway, labels: {istio: edge}}, ') +
    gateway +
    virtualService(
      'shop',
      `{hosts: [${hosts}], gateways: [edge], http: [{route: [{destination: {host: videos-api}}]}]}`,
    );
  const exposed = /^Exposed at Gateway default\/edge by VirtualService default\/shop$/m;
  assert.match(await described(world('a.shop'), 'service videos-api'), exposed);
  assert.doesNotMatch(await described(world('a.shop'), 'service videos-api', { absent: ['edge'] }), /Exposed/);
  assert.doesNotMatch(await described(world('b.shop'), 'service videos-api'), /Exposed/);
});
