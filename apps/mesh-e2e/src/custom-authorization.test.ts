// AuthorizationPolicies of action CUSTOM in a mesh of `weft run`: a provider is asked about what the rules are about, and nothing
// else; what becomes of calls while it is away. With Weft's sidecar and with Envoy's.
import { Server as GrpcServer, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { call, eventually, envoyProgram, freePort, startControlPlane, startSource } from '@weft/testing-harness';
import type { ControlPlaneWorld, HttpReply, RunningProcess } from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { startCaptured } from './captured-world.ts';
import { fakeService, type FakeService } from './catalog-world.ts';

/** Answers with the headers that it got. */
const ECHO = `
  const { createServer } = require('node:http');
  createServer((request, response) => response.end(JSON.stringify(request.headers)))
    .listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('serving'));
`;

/** Gives back what it gets, byte for byte. */
const BYTES = `
  require('node:net').createServer((socket) => socket.pipe(socket).on('error', () => undefined))
    .listen(Number(process.argv.at(-1)), '127.0.0.1', () => console.log('serving'));
`;

const ready = /weft run: \S+ is (spiffe:\S+); \S+ arrives at \S+?:(\d+)\nweft run: sidecar \S+ is ready/;

/** Knows who may: those who say the word. */
function decide(asked: string[], request: IncomingMessage, response: ServerResponse): void {
  asked.push(`${request.method} ${request.url}`);
  if (request.headers['x-word'] === 'sesame') response.writeHead(200, { 'x-user': 'ali', 'x-other': 'no' }).end();
  else response.writeHead(401, { 'x-reason': 'no word', 'x-hidden': 'yes' }).end('say the word\n');
}

/** CheckResponse: `status` with the code OK, and with PERMISSION_DENIED. */
const OK = Buffer.from([0x0a, 0x00]);
const DENIED = Buffer.from([0x0a, 0x02, 0x08, 0x07]);

/** Decides over gRPC, by what the request to it holds. */
class GrpcProvider {
  port = 0;
  allows: (request: Buffer) => boolean = () => false;
  private readonly server = new GrpcServer();

  async start(): Promise<this> {
    this.server.register(
      '/envoy.service.auth.v3.Authorization/Check',
      (check: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) =>
        done(null, this.allows(check.request) ? OK : DENIED),
      (octets) => octets,
      (octets) => octets,
      'unary',
    );
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
    this.port = await promise;
    return this;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

interface Providers {
  readonly http: number;
  readonly grpc: number;
  readonly failOpen?: boolean;
  /** Of the one over HTTP. Default: the loopback. */
  readonly address?: string;
}

const meshConfig = ({ http, grpc, failOpen = false, address = '127.0.0.1' }: Providers): string => `
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
    - name: calls
      envoyExtAuthzGrpc: {service: default/calls.test, port: 81, timeout: 2s, failOpen: ${String(failOpen)}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: calls}
spec:
  hosts: [calls.test]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 81, name: grpc, protocol: GRPC}]
  endpoints: [{address: 127.0.0.1, ports: {grpc: ${grpc}}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: words}
spec:
  hosts: [words.test]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP}]
  endpoints: [{address: ${address}, ports: {http: ${http}}}]
`;

const policy = (provider: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask}
spec:
  selector: {matchLabels: {app: web}}
  action: CUSTOM
  provider: {name: ${provider}}
  rules: [{to: [{operation: {paths: [/asked*]}}]}]
`;

const connections = (port: number): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: connections}
spec:
  selector: {matchLabels: {app: bytes}}
  action: CUSTOM
  provider: {name: calls}
  rules: [{to: [{operation: {ports: ["${port}"]}}]}]
`;

/** What a connection gives back; empty: it was closed. */
function sent(port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.once('data', (got) => {
    resolve(String(got));
    socket.destroy();
  });
  socket.on('error', () => undefined).once('close', () => resolve(''));
  socket.write(text);
  return promise;
}

const DENY = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny}
spec: {selector: {matchLabels: {app: web}}, action: DENY, rules: [{to: [{operation: {paths: [/asked*]}}]}]}
`;

/** The machine itself, as captured workloads reach it. */
const MACHINE = '10.94.0.1';
const noRoot = process.getuid?.() === 0 ? false : 'network namespaces need root';

function suite(kind: string, find: () => Promise<readonly string[]>): void {
  describe(`a CUSTOM policy with ${kind} as the sidecar`, () => {
    const asked: string[] = [];
    let plane: ControlPlaneWorld;
    let words: FakeService;
    let calls: GrpcProvider;
    const running: RunningProcess[] = [];
    let inbound = 0;
    let bytes = 0;

    before(async () => {
      words = await fakeService((request, response) => decide(asked, request, response));
      plane = await startControlPlane(['--debounce-after', '20ms']);
      calls = await new GrpcProvider().start();
      plane.write('mesh.yaml', meshConfig({ http: words.port, grpc: calls.port }));
      plane.write('policy.yaml', policy('words'));
      inbound = await start('web', ['80', 'HTTP'], ECHO);
      const own = await freePort();
      plane.write('connections.yaml', connections(own));
      bytes = await start('bytes', ['7000', 'TCP'], BYTES, own);
      await until(200, '/free');
    });
    after(async () => {
      await Promise.all(running.map((one) => one.stop()));
      calls?.stop();
      await plane?.stop();
      await words?.close();
    });

    /** A program with its sidecar; gives the port where the sidecar takes calls. */
    const start = async (
      name: string,
      [port = '', protocol = '']: readonly string[],
      script: string,
      listens?: number,
    ): Promise<number> => {
      const own = String(listens ?? (await freePort()));
      const place = ['--config-dir', plane.configDir, '--drain-time', '0', ...(await find())];
      const serving = ['--port', `${port}:${own}`, '--protocol', protocol, '--', process.execPath, '-e', script, own];
      const main = 'apps/workload/src/main.ts';
      const one = await startSource({
        main,
        args: ['--name', name, ...place, ...serving],
        ready,
        readyWithinMs: 60_000,
      });
      running.push(one);
      return Number(ready.exec(one.output)?.[2]);
    };
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

    it('asks over gRPC, about requests and about connections', async () => {
      calls.allows = (request) => request.includes('sesame');
      plane.write('policy.yaml', policy('calls'));
      await until(403, '/asked/1');
      assert.equal((await get('/asked/1', 'sesame')).status, 200);
      plane.write('policy.yaml', policy('words'));
      await until(401, '/asked/1');
      assert.equal(await sent(bytes, 'hello'), '');
      calls.allows = () => true;
      assert.equal(await sent(bytes, 'hello'), 'hello');
    });

    it('closes the way while the provider is away, or opens it where it is to fail open', async () => {
      const nowhere = await freePort();
      plane.write('mesh.yaml', meshConfig({ http: nowhere, grpc: nowhere }));
      await until(503, '/asked/1');
      assert.equal((await get('/free')).status, 200);
      const answers = (text: string): Promise<true> =>
        eventually('bytes', async () => ((await sent(bytes, 'hello')) === text ? true : undefined), 15_000);
      await answers('');
      plane.write('mesh.yaml', meshConfig({ http: nowhere, grpc: nowhere, failOpen: true }));
      await until(200, '/asked/1');
      await answers('hello');
      plane.write('mesh.yaml', meshConfig({ http: words.port, grpc: calls.port }));
      await until(401, '/asked/1');
    });

    it('is asked by a captured workload too, which takes services on demand', { skip: noRoot }, async (t) => {
      const machine = createServer((request, response) => decide(asked, request, response)).listen(0, '0.0.0.0');
      t.after(() => machine.close());
      await once(machine, 'listening');
      const { port } = machine.address() as AddressInfo;
      plane.write('captured.yaml', meshConfig({ http: port, grpc: calls.port, address: MACHINE }));
      plane.write('mesh.yaml', '');
      const place = ['--config-dir', plane.configDir, '--drain-time', '0', ...(await find())];
      const serving = ['--port', '9999', '--protocol', 'HTTP', '--labels', 'app=web', '--'];
      const echo = [process.execPath, '-e', ECHO.replace("'127.0.0.1'", "'0.0.0.0'"), '9999'];
      const captured = await startCaptured(['--name', 'captured', ...place, ...serving, ...echo]);
      running.push(captured.process);
      const status = async (path: string, word = ''): Promise<number> =>
        (await fetch(`http://${captured.address}:9999${path}`, { headers: { 'x-word': word } })).status;
      await eventually('it serves', async () => ((await status('/free')) === 200 ? true : undefined), 15_000);
      assert.deepEqual([await status('/asked/3'), await status('/asked/3', 'sesame')], [401, 200]);
      plane.write('mesh.yaml', meshConfig({ http: words.port, grpc: calls.port }));
      plane.write('captured.yaml', '');
      await until(401, '/asked/1');
    });

    it('denies what it is about where nobody is the provider, and says so', async () => {
      plane.write('policy.yaml', policy('swords'));
      await until(403, '/asked/1');
      assert.equal((await get('/free')).status, 200);
      const { body } = await call({ port: plane.debugPort, path: '/debug/status' });
      const rows = JSON.parse(body) as { readonly name: string; readonly status: string }[];
      const { status = '' } = rows.find(({ name }) => name === 'ask') ?? {};
      assert.match(
        status,
        /^effective on (1 proxy|2 proxies); .* MeshConfig has no extensionProvider "swords"; it has words, calls$/,
      );
      plane.write('policy.yaml', policy('words'));
      await until(401, '/asked/1');
    });
  });
}

suite('Weft', () => Promise.resolve([]));
suite('Envoy', async () => {
  const envoy = await envoyProgram();
  return ['--envoy', envoy];
});
