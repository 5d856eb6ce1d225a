// AuthorizationPolicies of action CUSTOM in a mesh of `weft run`: a provider is asked about what the rules are about, and nothing
// else; what becomes of calls while it is away. With Weft's sidecar and with Envoy's.
import { call, eventually, findEnvoy, freePort, startControlPlane, startSource } from '@weft/testing-harness';
import type { ControlPlaneWorld, HttpReply, RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { fakeService, type FakeService } from './catalog-world.ts';

/** Answers with the headers that it got. */
const ECHO = `
  const { createServer } = require('node:http');
  createServer((request, response) => response.end(JSON.stringify(request.headers)))
    .listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('serving'));
`;

const ready = /weft run: (spiffe:\S+) is ready; \S+ arrives at \S+?:(\d+)/;

/** Knows who may: those who say the word. */
function decide(asked: string[], request: IncomingMessage, response: ServerResponse): void {
  asked.push(`${request.method} ${request.url}`);
  if (request.headers['x-word'] === 'sesame') response.writeHead(200, { 'x-user': 'ali', 'x-other': 'no' }).end();
  else response.writeHead(401, { 'x-reason': 'no word', 'x-hidden': 'yes' }).end('say the word\n');
}

const meshConfig = (port: number, failOpen: boolean): string => `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    extensionProviders:
    - name: words
      envoyExtAuthzHttp:
        service: words.test
        port: 80
        timeout: 2s
        failOpen: ${String(failOpen)}
        statusOnError: "${failOpen ? '403' : '503'}"
        pathPrefix: /check
        includeRequestHeadersInCheck: [x-word]
        headersToUpstreamOnAllow: [x-user]
        headersToDownstreamOnDeny: [x-rea*]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: words}
spec:
  hosts: [words.test]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: 127.0.0.1, ports: {http: ${port}}}]
`;

const policy = (provider: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask}
spec:
  action: CUSTOM
  provider: {name: ${provider}}
  rules: [{to: [{operation: {paths: [/asked*]}}]}]
`;

const DENY = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny}
spec: {action: DENY, rules: [{to: [{operation: {paths: [/asked*]}}]}]}
`;

function suite(kind: string, find: () => Promise<readonly string[]>): void {
  describe(`a CUSTOM policy with ${kind} as the sidecar`, () => {
    const asked: string[] = [];
    let plane: ControlPlaneWorld;
    let words: FakeService;
    let web: RunningProcess;
    let inbound = 0;

    before(async () => {
      words = await fakeService((request, response) => decide(asked, request, response));
      plane = await startControlPlane(['--debounce-after', '20ms']);
      plane.write('mesh.yaml', meshConfig(words.port, false));
      plane.write('policy.yaml', policy('words'));
      const port = await freePort();
      const place = ['--config-dir', plane.configDir, '--drain-time', '0', ...(await find())];
      web = await startSource({
        main: 'apps/workload/src/main.ts',
        args: ['--name', 'web', ...place, '--port', `80:${port}`, '--protocol', 'HTTP', '--'].concat([
          process.execPath,
          '-e',
          ECHO,
          String(port),
        ]),
        ready,
        readyWithinMs: 60_000,
      });
      inbound = Number(ready.exec(web.output)?.[2]);
      await until(200, '/free');
    });
    after(async () => {
      await web?.stop();
      await plane?.stop();
      await words?.close();
    });

    const get = (path: string, word?: string): Promise<HttpReply> =>
      call({ port: inbound, path, headers: word === undefined ? {} : { 'x-word': word } });
    const until = (status: number, path: string): Promise<true> =>
      eventually(`${path} is ${status}`, async () => ((await get(path)).status === status ? true : undefined), 15_000);

    it('asks the provider about what its rules are about, and takes its word', async () => {
      await until(401, '/asked/1');
      const denied = await get('/asked/1');
      assert.equal(denied.body, 'say the word\n');
      assert.deepEqual([denied.headers['x-reason'], denied.headers['x-hidden']], ['no word', undefined]);
      const allowed = await get('/asked/2?x=1', 'sesame');
      assert.equal(allowed.status, 200);
      const got = JSON.parse(allowed.body) as Record<string, string>;
      assert.deepEqual([got['x-user'], got['x-other']], ['ali', undefined]);
      assert.ok(asked.includes('GET /check/asked/2?x=1'), asked.join(', '));
      const before = asked.length;
      assert.equal((await get('/free')).status, 200);
      assert.equal(asked.length, before, 'of other requests it is told nothing');
    });

    it('lets a DENY policy deny what the provider allows', async () => {
      plane.write('deny.yaml', DENY);
      await eventually('it denies', async () => ((await get('/asked/1', 'sesame')).status === 403 ? true : undefined), 15_000); // prettier-ignore
      plane.write('deny.yaml', '');
      await eventually('it is gone', async () => ((await get('/asked/1', 'sesame')).status === 200 ? true : undefined), 15_000); // prettier-ignore
    });

    it('closes the way while the provider is away, or opens it where it is to fail open', async () => {
      const nowhere = await freePort();
      plane.write('mesh.yaml', meshConfig(nowhere, false));
      await until(503, '/asked/1');
      assert.equal((await get('/free')).status, 200);
      plane.write('mesh.yaml', meshConfig(nowhere, true));
      await until(200, '/asked/1');
      plane.write('mesh.yaml', meshConfig(words.port, false));
      await until(401, '/asked/1');
    });

    it('denies what it is about where nobody is the provider, and says so', async () => {
      plane.write('policy.yaml', policy('swords'));
      await until(403, '/asked/1');
      assert.equal((await get('/free')).status, 200);
      const { body } = await call({ port: plane.debugPort, path: '/debug/status' });
      const rows = JSON.parse(body) as { readonly name: string; readonly status: string }[];
      const { status = '' } = rows.find(({ name }) => name === 'ask') ?? {};
      assert.match(status, /^effective on 1 proxy; .* MeshConfig has no extensionProvider "swords"; it has words$/);
      plane.write('policy.yaml', policy('words'));
      await until(401, '/asked/1');
    });
  });
}

suite('Weft', () => Promise.resolve([]));
suite('Envoy', async () => {
  const envoy = await findEnvoy();
  assert.ok('binary' in envoy, 'reason' in envoy ? envoy.reason : '');
  return ['--envoy', envoy.binary];
});
