import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import type { Counter, StatsScope } from '@weft/core-stats';
import { createNullScope } from '@weft/core-stats';
import { ClientSide, ServerSide } from './fixture.testing.ts';
import type { H2cUpgrade } from './h2c-upgrade.ts';
import { properCase, type PreserveCase } from './header-key-format.ts';
import { Http1Stats } from './stats.ts';

const PRESERVE: PreserveCase = { forwardReasonPhrase: false, otherNames: 'lower_case' };
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** A scope whose counters can be read by name. */
function countingScope(): { scope: StatsScope; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const at = (prefix: string): StatsScope => ({
    ...createNullScope(),
    scope: (name: string) => at(prefix + name),
    counter(name: string): Counter {
      const full = prefix + name;
      counts.set(full, 0);
      const add = (n: number): void => void counts.set(full, (counts.get(full) ?? 0) + n);
      return { name: full, value: 0, inc: () => add(1), add } as unknown as Counter;
    },
  });
  return { scope: at(''), counts };
}

test('Proper case begins each word with a capital, whatever parts words', () => {
  const names = ['content-type', 'x_under-a', 'x.a!b', 'x-123a-b', 'te', '-a'];
  assert.deepEqual(names.map(properCase), ['Content-Type', 'X_Under-A', 'X.A!B', 'X-123a-B', 'Te', '-A']);
});

test('Proper case is written in responses, refusals, requests and trailers', () => {
  const server = new ServerSide({ headerKeyFormat: 'proper_case_words', enableTrailers: true });
  server.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  server.last.stream.headers(new ResponseHeaderMap(200, ['x-a', 'b', 'connection', 'close']), false);
  server.last.stream.trailers(new HeaderMap(['x-sum', '1']));
  assert.equal(
    server.sent(),
    'HTTP/1.1 200 OK\r\nX-A: b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n',
  );
  const refusing = new ServerSide({ headerKeyFormat: 'proper_case_words' }).send('GET / HTTP/1.1\r\n\r\n');
  assert.equal(refusing.sent(), 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  const client = new ClientSide({ headerKeyFormat: 'proper_case_words' });
  client.request(new RequestHeaderMap('POST', '/', 'a', ['x-a', 'b']));
  assert.equal(client.sent(), 'POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 0\r\n\r\n');
});

test('Names are kept as both peers spelled them, through both codecs', () => {
  const server = new ServerSide({ headerKeyFormat: PRESERVE, enableTrailers: true });
  const client = new ClientSide({ headerKeyFormat: PRESERVE, enableTrailers: true });
  server.send(
    'POST / HTTP/1.1\r\nhOst: a\r\nx-FOO: 1\r\nX-Foo: 2\r\nTransFER-encoding: chunked\r\n\r\n0\r\nx-SUM: 1\r\n\r\n',
  );
  const { head, trailerMap } = server.last;
  head?.add('x-ours', '3');
  const { receiver, stream } = client.request(head as RequestHeaderMap, false);
  stream.trailers(trailerMap as HeaderMap);
  assert.equal(
    client.sent(),
    'POST / HTTP/1.1\r\nhOst: a\r\nx-FOO: 1\r\nx-FOO: 2\r\nx-ours: 3\r\nTransFER-encoding: chunked\r\n\r\n0\r\nx-SUM: 1\r\n\r\n',
  );
  client.send('HTTP/1.1 200 Fine\r\nContenT-length: 0\r\nx-UP: y\r\n\r\n');
  server.last.stream.headers(receiver.head as ResponseHeaderMap, true);
  assert.equal(server.sent(), 'HTTP/1.1 200 OK\r\nContenT-length: 0\r\nx-UP: y\r\n\r\n');
});

test('A reason phrase is passed on, and other names put into proper case, where that is asked for', () => {
  const format: PreserveCase = { forwardReasonPhrase: true, otherNames: 'proper_case_words' };
  const client = new ClientSide({ headerKeyFormat: format });
  const { receiver } = client.request(new RequestHeaderMap('GET', '/', 'a'));
  client.send('HTTP/1.1 200 Just Fine\r\ncontent-LENGTH: 0\r\n\r\n');
  receiver.head?.add('x-ours', '1');
  const server = new ServerSide().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  server.last.stream.headers(receiver.head as ResponseHeaderMap, true);
  assert.equal(server.sent(), 'HTTP/1.1 200 Just Fine\r\ncontent-LENGTH: 0\r\nX-Ours: 1\r\n\r\n');
});

test('A request map keeps its spelling when it is cloned', () => {
  const server = new ServerSide({ headerKeyFormat: PRESERVE }).send('GET / HTTP/1.1\r\nHOST: a\r\n\r\n');
  const client = new ClientSide();
  client.request((server.last.head as RequestHeaderMap).clone());
  assert.equal(client.sent(), 'GET / HTTP/1.1\r\nHOST: a\r\n\r\n');
});

test('A length beside chunks is taken out on both sides where it is allowed, and the connection ends', () => {
  const server = new ServerSide({ allowChunkedLength: true });
  server.send(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
  );
  assert.equal(server.last.text, 'POST a /');
  assert.equal(server.last.body, 'x');
  const client = new ClientSide({ allowChunkedLength: true });
  const { receiver } = client.request(new RequestHeaderMap('GET', '/', 'a'));
  client.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n');
  assert.equal(receiver.head?.has('content-length'), false);
  assert.equal(receiver.body, 'x');
  assert.equal(client.goAways, 1);
});

test('Targets are written in absolute form where upstreams want them so', () => {
  const client = new ClientSide({ sendFullyQualifiedUrl: true });
  client.request(new RequestHeaderMap('GET', '/a?b', 'c:80'));
  assert.equal(client.sent(), 'GET http://c:80/a?b HTTP/1.1\r\nhost: c:80\r\n\r\n');
  const options = new ClientSide({ sendFullyQualifiedUrl: true });
  options.request(new RequestHeaderMap('OPTIONS', '*', 'c'));
  assert.equal(options.sent(), 'OPTIONS * HTTP/1.1\r\nhost: c\r\n\r\n');
});

test('Protocols that are passed over leave the rest of an Upgrade, or none', () => {
  const upgradeTo = (value: string): string => {
    const side = new ServerSide({ ignoresUpgrade: (protocol) => protocol === 'foo' || protocol.startsWith('TLS') });
    side.send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: ${value}\r\n\r\n`);
    return side.last.head?.protocol ?? '';
  };
  assert.deepEqual(['foo', 'TLS/1.0', 'foo, websocket', 'WebSocket', 'h2c, Foo'].map(upgradeTo), ['', '', 'websocket', 'websocket', 'foo']); // prettier-ignore
});

test('A request without a Host leaves its connection open where faults are the stream’s', () => {
  const side = new ServerSide({ streamErrorOnInvalidHttpMessage: true });
  side.send('GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(side.sent(), 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
  assert.equal(side.last.head?.path, '/2');
  assert.deepEqual(side.faults, ['missing_host_header']);
});

test('A request without a Host but with a body, or with a fault of syntax, ends its connection all the same', () => {
  for (const bytes of [
    'POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx',
    'GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n',
    'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
  ]) {
    const side = new ServerSide({ streamErrorOnInvalidHttpMessage: true }).send(bytes);
    assert.match(side.sent(), /^HTTP\/1.1 400 Bad Request\r\n[^]*connection: close/);
    assert.equal(side.transport.closed, true);
  }
});

test('Names with underscores are counted, dropped or refused', () => {
  const { scope, counts } = countingScope();
  const stats = new Http1Stats(scope);
  const bytes = 'GET / HTTP/1.1\r\nHost: a\r\nA_B: 1\r\nC_D: 2\r\n\r\n';
  new ServerSide({ headersWithUnderscoresAction: 'drop', stats }).send(bytes);
  new ServerSide({ headersWithUnderscoresAction: 'reject', stats }).send(bytes);
  new ServerSide({ stats }).send(bytes);
  assert.deepEqual([...counts], [
    ['http1.dropped_headers_with_underscores', 2],
    ['http1.metadata_not_supported_error', 0],
    ['http1.requests_rejected_with_underscores_in_headers', 1],
    ['http1.response_flood', 0],
  ]); // prettier-ignore
});

test('A client that asks on and on and reads nothing loses its connection', () => {
  const { scope, counts } = countingScope();
  const side = new ServerSide({ stats: new Http1Stats(scope) }, 10);
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(200), true);
  side.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10));
  assert.equal(side.requests.length, 2);
  assert.equal(side.transport.destroyed, true);
  assert.equal(counts.get('http1.response_flood'), 1);
});

test('A client that reads what it got may ask on', () => {
  const side = new ServerSide({}, 10);
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(200), true);
  for (let i = 0; i < 10; i++) {
    side.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    side.transport.drain();
    side.codec.onDrain();
  }
  assert.equal(side.sent(), OK.repeat(10));
});

/** A server side whose owner knows HTTP/2, too. */
class WithHttp2 extends ServerSide {
  accepts = true;
  upgrade: H2cUpgrade | undefined;
  rest = '';
  onH2cUpgrade(upgrade: H2cUpgrade): void {
    this.upgrade = upgrade;
    if (this.accepts) this.rest = Buffer.concat(upgrade.accept()).toString('latin1');
  }
}

const H2C =
  'GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n';

test('An upgrade to HTTP/2 hands the connection to the owner, with what came behind it', () => {
  const side = new WithHttp2().send(`${H2C}PRI * HTTP/2.0\r\n\r\n`, 'SM');
  assert.equal(side.sent(), 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n');
  assert.equal(side.upgrade?.headers.path, '/up');
  assert.equal(side.upgrade.settings.toString('hex'), '000300000064');
  assert.equal(side.rest, 'PRI * HTTP/2.0\r\n\r\n');
  assert.equal(side.requests.length, 0);
});

test('An upgrade to HTTP/2 that is not taken, or not well made, is an ordinary request', () => {
  const declined = new WithHttp2();
  declined.accepts = false;
  assert.equal(declined.send(H2C).last.head?.path, '/up');
  for (const bytes of [
    H2C.replace(', HTTP2-Settings', ''),
    H2C.replace('AAMAAABk', 'AAMAA='),
    H2C.replace('AAMAAABk', 'AAMA'),
    H2C.replace('HTTP2-Settings: AAMAAABk', 'HTTP2-Settings: AAMAAABk\r\nHTTP2-Settings: AAMAAABk').replace(
      'GET',
      'GET',
    ),
    H2C.replace('HTTP2-Settings: AAMAAABk\r\n', ''),
    H2C.replace('\r\n\r\n', '\r\nContent-Length: 1\r\n\r\nx'),
    H2C.replace('h2c', 'h2c, websocket'),
  ]) {
    const side = new WithHttp2().send(bytes);
    assert.equal(side.upgrade, undefined);
    assert.equal(side.last.head?.path, '/up');
  }
});
