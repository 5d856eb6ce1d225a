// The configurations that Envoy's tutorials print, from v1 to v2, run by Weft as printed but for addresses and ports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  call,
  exchange,
  freePorts,
  RawClient,
  runWeft,
  ScriptedUpstream,
  startProcess,
  startWeft,
  WORKSPACE,
  type HttpReply,
} from '@weft/testing-harness';
import { assertShare, countReplies } from './shares.ts';

const TUTORIALS = join(WORKSPACE, 'libs/api/envoy/src/testdata');
const read = (name: string): string => readFileSync(join(TUTORIALS, name), 'utf8');
const port = (from: number, to: number) => (text: string) =>
  text.replaceAll(new RegExp(`port_value: ${from}(?!\\d)`, 'g'), `port_value: ${to}`);
const adapt = (text: string, ...changes: ((text: string) => string)[]): string =>
  changes.reduce((all, change) => change(all), text.replaceAll('0.0.0.0', '127.0.0.1'));

for (const name of ['front-envoy.yaml', 'service-envoy.yaml', 'baidu-envoy.yaml', 'baidu-envoy-split.yaml']) {
  test(`${name} is valid as printed, and every older form is shown in its v3 form`, async () => {
    const file = join(TUTORIALS, name);
    const { code, out, err } = await runWeft(['--mode', 'validate', '-c', file]);
    assert.equal(code, 0, err);
    assert.equal(out, `configuration '${file}' OK\n`);
    assert.match(err, /warning: .*"envoy\.http_connection_manager" is an older name: the v3 form is name: envoy\./);
    assert.match(err, /warning: .*access_log_path.* the v3 form is access_log: /);
    for (const line of err.trim().split('\n')) assert.match(line, /^warning: .*:\d+:\d+: [\w.[\]"]+: /);
  });
}

test('the v1 JSON of istio-proxy is valid as printed, with a warning for each of its parts', async () => {
  const file = join(TUTORIALS, 'istio-v1.json');
  const { code, out, err } = await runWeft(['--mode', 'validate', '-c', file]);
  assert.equal(code, 0, err);
  assert.equal(out, `configuration '${file}' OK\n`);
  for (const part of ['listeners[0]', 'listeners[0].filters[0]', 'cluster_manager.clusters[0]'])
    assert.ok(err.includes(`: ${part}: `), `${part} in ${err}`);
});

test('a cluster that asks for HTTP/2 in the old way loads with a warning of nothing but its age', async () => {
  const { err } = await runWeft(['--mode', 'validate', '-c', join(TUTORIALS, 'front-envoy.yaml')]);
  assert.equal(err.match(/"http2_protocol_options" is of an older API/g)?.length, 2);
  assert.doesNotMatch(err, /comes later/);
});

// ---- one front proxy, one proxy beside the service, and the service ----

const PAGE = 'Hello from behind Envoy (service 1)! hostname: b23dda0a4e84 resolvedhostname: 172.18.0.3\n';
const app = await ScriptedUpstream.start((_request, socket) => {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${PAGE.length}`;
  socket.write(`${head}\r\nServer: Werkzeug/0.15\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n${PAGE}`);
});
const [serviceIn = 0, frontIn = 0] = await freePorts(2);
const service = await startWeft({
  bootstrap: adapt(read('service-envoy.yaml'), port(80, serviceIn), port(8081, 0), port(8080, app.port)),
});
const front = await startWeft({
  bootstrap: adapt(
    read('front-envoy.yaml'),
    (text) => text.replace('port_value: 80\n', `port_value: ${frontIn}\n`),
    port(80, serviceIn),
    port(8001, 0),
    (text) => text.replaceAll(/address: service[12]\n/g, 'address: localhost\n'),
  ),
});
after(async () => {
  await Promise.all([front.stop(), service.stop()]);
  await app.stop();
});

test('a page through two proxies has the tutorial’s header fields in its order, and each once', async () => {
  const client = new RawClient(frontIn).send('GET /service/1 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n');
  const answer = await client.until(/\n$/);
  const [head = '', body] = answer.split('\r\n\r\n');
  assert.equal(body, PAGE);
  assert.match(
    head,
    new RegExp(
      [
        '^HTTP/1.1 200 OK',
        'content-type: text/html; charset=utf-8',
        'content-length: 89',
        'server: envoy',
        'date: Thu, 01 Jan 2026 00:00:00 GMT',
        'x-envoy-upstream-service-time: \\d+$',
      ].join('\r\n'),
    ),
  );
  // Left intact: the same connection takes the next request.
  client.received = '';
  await client.send('GET /service/1 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n').until(/172\.18\.0\.3\n$/);
  client.close();
});

test('a path that no route takes is answered 404 with no body, and counted', async () => {
  const answer = await exchange(frontIn, 'GET /nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 404 Not Found\r\n(?=[^]*server: envoy\r\n)[^]*content-length: 0\r\n/);
  assert.equal((await front.stats('no_route')).get('http.ingress_http.no_route'), 1);
});

// ---- a site of somebody else's, over TLS ----

const originAt = await startProcess({
  command: process.execPath,
  args: [join(WORKSPACE, 'examples/traffic-split/origin/origin.mjs')],
  env: { HOST: '127.0.0.1', PORT: '0', NODE_TEST_CONTEXT: '' },
  ready: /origin on port \d+/,
});
const originPort = Number(/origin on port (\d+)/.exec(originAt.output)?.[1]);
const site = (text: string): string =>
  text
    .replaceAll('address: baidu.com, port_value: 443', `address: localhost, port_value: ${originPort}`)
    .replaceAll('address: baidu2.com', 'address: baidu2.invalid')
    .replaceAll('/tmp/admin_access.log', '/dev/null');
const siteProxies = await Promise.all(
  ['baidu-envoy.yaml', 'baidu-envoy-split.yaml'].map((name) =>
    startWeft({ bootstrap: adapt(read(name), site, port(8080, 0), port(9901, 0)) }),
  ),
);
const [whole, split] = siteProxies;
assert.ok(whole !== undefined && split !== undefined);
after(async () => {
  await Promise.all([...siteProxies, originAt].map((each) => each.stop()));
});

test('the site sees its own name in SNI and in Host', async () => {
  const { status, headers } = await call({ port: whole.port('listener_0'), headers: { host: 'localhost:8080' } });
  assert.equal(status, 200);
  assert.equal(headers['x-origin-sni'], 'www.baidu.com');
  assert.equal(headers['x-origin-host'], 'www.baidu.com');
});

const kindOf = ({ status, body }: HttpReply): string =>
  status === 200 ? 'page' : status === 503 && body === 'no healthy upstream' ? 'none' : `${status} ${body}`;
const setShare = async (v1: number, v2: number): Promise<void> => {
  const key = 'routing.traffic_split.baidu_service.service_baidu_cluster';
  assert.equal((await split.ask(`/runtime_modify?${key}_v1=${v1}&${key}_v2=${v2}`, 'POST')).body, 'OK\n');
};

test('half of 1000 requests go where there is no host', async () => {
  const shares = await countReplies({ port: split.port('listener_0') }, 1000, kindOf);
  assert.deepEqual(Object.keys(shares).sort(), ['none', 'page']);
  assertShare(shares, 'page', 0.5);
});

test('the weights of the runtime hold at once, without an effect on running requests', async () => {
  await setShare(0, 100);
  const none = await call({ port: split.port('listener_0') });
  assert.deepEqual(
    [none.status, none.headers['content-length'], none.headers['content-type']],
    [503, '19', 'text/plain'],
  );
  await setShare(100, 0);
  assert.deepEqual(await countReplies({ port: split.port('listener_0') }, 50, kindOf), { page: 50 });
  const running = countReplies({ port: split.port('listener_0') }, 300, kindOf);
  await setShare(90, 10);
  assert.deepEqual(
    Object.keys(await running).filter((kind) => kind !== 'page' && kind !== 'none'),
    [],
  );
  assertShare(await countReplies({ port: split.port('listener_0') }, 1000, kindOf), 'page', 0.9);
});

// ---- bytes, by the v1 form ----

test('the v1 listener relays bytes both ways, also those from behind an end', async (t) => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write('hello\n');
    let all = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (all += chunk));
    socket.once('end', () => socket.end(`you said ${all}`, 'latin1'));
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  echo.unref();
  const { port: echoPort } = echo.address() as { port: number };
  const [at = 0, admin = 0] = await freePorts(2);
  const text = read('istio-v1.json')
    .replace('0.0.0.0:15003', `127.0.0.1:${at}`)
    .replace('127.0.0.1:15000', `127.0.0.1:${admin}`)
    .replace('127.0.0.1:8080', `127.0.0.1:${echoPort}`);
  const proxy = await startWeft({ bootstrap: text });
  t.after(() => proxy.stop());
  const client = new RawClient(at);
  await client.until(/^hello\n$/);
  client.send('some bytes\0\xff').socket.end();
  assert.equal(await client.end(), 'hello\nyou said some bytes\0\xff');
  assert.equal((await proxy.stats('tcp')).get('tcp.tcp.downstream_cx_total'), 1);
  assert.deepEqual(await proxy.stop(), { code: 0, signal: null });
  echo.close();
});
