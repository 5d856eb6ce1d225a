import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { ClientSide, ServerSide } from './fixture.testing.ts';

/** What a server sees of requests on one connection, each answered at once. */
function textsOf(...requests: string[]): string[] {
  const side = new ServerSide({ acceptHttp10: true });
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(200), true);
  side.send(...requests);
  return side.requests.map(({ text }) => text);
}

test('Heads that repeat are read as they were the first time', () => {
  const request = 'GET /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: x-b\r\nX-A: 1\r\nX-B: 2\r\n\r\n';
  const texts = textsOf(...Array.from({ length: 5 }, () => request));
  assert.deepEqual(new Set(texts), new Set(['GET h /a x-a=1 te=trailers']));
  assert.equal(texts.length, 5);
});

test('Another target before the same fields is another request', () => {
  const fields = 'HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n';
  const texts = textsOf(...['/1', '/2', '/3', '/4/longer', '/5'].map((path) => `GET ${path} ${fields}`));
  assert.deepEqual(texts, [
    'GET h /1 x-a=1',
    'GET h /2 x-a=1',
    'GET h /3 x-a=1',
    'GET h /4/longer x-a=1',
    'GET h /5 x-a=1',
  ]);
});

test('One application’s changes to a head do not reach the next one', () => {
  const side = new ServerSide();
  side.onRequest = ({ head, stream }) => {
    head?.set('x-a', 'changed');
    head?.add('x-more', '1');
    stream.headers(new ResponseHeaderMap(200), true);
  };
  const seen: (string | undefined)[] = [];
  for (let i = 0; i < 4; i++) {
    const before = side.onRequest;
    side.onRequest = (request) => {
      seen.push(request.text);
      before(request);
    };
    side.send('GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n');
    side.onRequest = before;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 4 }, () => 'GET h / x-a=1'),
  );
});

test('Fields that are only the end of others, or of a request line, are not taken for all of them', () => {
  const kept = 'GET /k HTTP/1.1\r\nHost: h\r\n\r\n';
  const more = 'GET /m HTTP/1.1\r\nX-A: 1\r\nHost: h\r\n\r\n';
  assert.deepEqual(textsOf(kept, kept, kept, more), ['GET h /k', 'GET h /k', 'GET h /k', 'GET h /m x-a=1']);
  const side = new ServerSide({ acceptHttp10: true, defaultHostForHttp10: 'd' });
  side.onRequest = ({ stream }) => stream.headers(new ResponseHeaderMap(200), true);
  const odd = 'GET /k HTTP/1.0\r\nConnection: keep-alive\r\nX:y\r\n\r\n';
  const line = 'GET /aConnection:keep-alive\r\n\r\n';
  const alike = 'GET /k HTTP/1.0\r\nConnection:keep-alive\r\n\r\n';
  side.send(odd, odd, alike, alike, alike, line);
  assert.equal(side.last.text, 'GET d /aConnection:keep-alive');
});

test('Sections of one length with other octets are told apart, for as long as that goes on', () => {
  const paths = Array.from({ length: 30 }, (_, i) => String(i + 10));
  const texts = textsOf(...paths.map((id) => `GET / HTTP/1.1\r\nHost: h\r\nX-Id: ${id}\r\n\r\n`));
  assert.deepEqual(texts, paths.map((id) => `GET h / x-id=${id}`)); // prettier-ignore
});

test('Responses that repeat are read as they were the first time, whatever their status', () => {
  const side = new ClientSide();
  for (const status of [200, 200, 404, 200, 500]) {
    const { receiver } = side.request(new RequestHeaderMap('GET', '/', 'a'));
    side.send(`HTTP/1.1 ${status} Some reason\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok`);
    assert.equal(receiver.head?.status, status);
    assert.deepEqual([...(receiver.head ?? [])], [['content-length', '2'], ['x-a', '1']]); // prettier-ignore
    assert.equal(receiver.body, 'ok');
  }
  assert.equal(side.goAways, 0);
});
