import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  cluster,
  connectionManager,
  http2Upstream,
  listener,
  RawClient,
  routesOf,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const MIB = 1 << 20;
const HEAD = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MIB}\r\n\r\n`;

function bootstrap(ports: Readonly<Record<string, number>>): object {
  const listeners = Object.keys(ports).map((name) =>
    listener(name, connectionManager(name, routesOf({ match: { prefix: '/' }, route: { cluster: name } }))),
  );
  const clusters = Object.entries(ports).map(([name, port]) =>
    cluster(name, [port], name === 'http2' ? http2Upstream() : {}),
  );
  return { static_resources: { listeners, clusters } };
}

/** Upstreams that answer as soon as they see the head of a request, and read no more. */
describe('a response that is whole before its request', () => {
  let http1: Server;
  let second: http2.Http2Server;
  let proxy: RunningProxy;
  const sockets = new Set<Socket>();
  before(async () => {
    http1 = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too Much\r\ncontent-length: 5\r\n\r\nearly');
      });
    }).listen(0, '127.0.0.1');
    second = http2.createServer();
    second.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 413 });
      stream.end('early');
    });
    second.listen(0, '127.0.0.1');
    await Promise.all([once(http1, 'listening'), once(second, 'listening')]);
    http1.unref();
    second.unref();
    const port = (server: Server | http2.Http2Server): number => (server.address() as AddressInfo).port;
    proxy = await startWeft({ bootstrap: bootstrap({ http1: port(http1), http2: port(second) }) });
  });
  after(async () => {
    await proxy?.stop();
    for (const socket of sockets) socket.destroy();
    http1?.close();
    second?.close();
  });

  const settled = async (name: string): Promise<void> => {
    await proxy.statReaches(`http.${name}.downstream_rq_active`, (value) => value === 0);
    await proxy.statReaches(`cluster.${name}.upstream_rq_active`, (value) => value === 0);
    const { body } = await proxy.ask('/clusters');
    assert.match(body, new RegExp(`${name}::127.0.0.1:\\d+::rq_active::0`));
  };

  for (const upstream of ['http1', 'http2']) {
    it(`reaches an HTTP/1.1 client of an ${upstream} upstream, and ends its connection`, async () => {
      for (let time = 0; time < 3; time += 1) {
        const client = new RawClient(proxy.port(upstream)).send(HEAD + 'x'.repeat(MIB));
        const text = await client.end();
        assert.match(text, /^HTTP\/1.1 413 [^]*early/);
        client.close();
      }
      await settled(upstream);
    });

    it(`reaches an HTTP/2 client of an ${upstream} upstream, whose other streams go on`, async () => {
      const session = http2.connect(`http://127.0.0.1:${proxy.port(upstream)}`);
      const resets: number[] = [];
      for (let time = 0; time < 3; time += 1) {
        const stream = session.request({ ':method': 'POST', ':path': '/' });
        stream.on('error', () => undefined);
        stream.write(Buffer.alloc(MIB));
        const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpStatusHeader];
        assert.equal(headers[':status'], 413);
        let body = '';
        for await (const chunk of stream.setEncoding('latin1') as AsyncIterable<string>) body += chunk;
        assert.equal(body, 'early');
        if (!stream.closed) await once(stream, 'close');
        resets.push(stream.rstCode);
      }
      assert.deepEqual(resets, [0, 0, 0]);
      assert.equal(session.closed || session.destroyed, false);
      session.destroy();
      await settled(upstream);
    });
  }
});
