import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { ClientSide, ServerSide, type Request } from '../fixture.testing.ts';
import type { Http1ServerSettings } from '../settings.ts';
import type { CorpusOption, RequestCase, ResponseCase, SeenRequest } from './case.ts';
import { REQUEST_CORPUS, RESPONSE_CORPUS } from './index.ts';

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

const SETTINGS: Readonly<Record<CorpusOption, Partial<Http1ServerSettings>>> = {
  accept_http_10: { acceptHttp10: true },
  allow_chunked_length: { allowChunkedLength: true },
  enable_trailers: { enableTrailers: true },
  allow_custom_methods: { allowCustomMethods: true },
};

/** Every way to cut the bytes once, and octet by octet; long ones are cut here and there. */
function* pieces(bytes: string): Generator<string[]> {
  const step = bytes.length > 4000 ? 1777 : 1;
  for (let at = 0; at < bytes.length; at += step) yield [bytes.slice(0, at), bytes.slice(at)];
  if (step === 1) yield [...bytes];
}

/** Answers a request at once when it is whole; what asks to leave HTTP is turned down. */
function answering(side: ServerSide): ServerSide {
  const answer = (request: Request): void => {
    const { head, ended } = request;
    const tunnel = head !== undefined && (head.protocol !== '' || head.method === 'CONNECT');
    if (tunnel) request.stream.headers(new ResponseHeaderMap(403), true);
    else if (ended) request.stream.headers(new ResponseHeaderMap(200), true);
  };
  side.onRequest = (request) => {
    const { data, trailers } = request;
    request.data = (chunk, end) => {
      const below = data.call(request, chunk, end);
      if (end) answer(request);
      return below;
    };
    request.trailers = (map) => {
      trailers.call(request, map);
      answer(request);
    };
    answer(request);
  };
  return side;
}

function seenBy(side: ServerSide): SeenRequest[] {
  const whole = side.requests.filter((r) => r.ended || r.head?.protocol !== '' || r.head.method === 'CONNECT');
  return whole.map(({ head, body }) => {
    const { method, path, authority } = head as RequestHeaderMap;
    return { method, path, authority, body };
  });
}

function checkRequest(one: RequestCase, cut: string[]): void {
  const settings = one.option === undefined ? {} : SETTINGS[one.option];
  const side = answering(new ServerSide(settings)).send(...cut);
  const text = side.sent();
  assert.deepEqual(seenBy(side), one.passes);
  assert.ok(side.requests.length <= one.passes.length + 1, 'no more than the refused one has begun');
  const closed = side.transport.closed;
  if (one.then === 'refused') {
    const last = text.lastIndexOf('HTTP/1.1 ');
    assert.equal(text.slice(last + 9, last + 12), String(one.status), side.faults.join());
    assert.equal(closed, true);
  } else {
    assert.deepEqual(side.faults, []);
    assert.equal(closed, one.then === 'closes');
    assert.equal(text.split('HTTP/1.').length - 1, one.passes.length, 'one answer each');
  }
}

for (const one of REQUEST_CORPUS) {
  test(`Request corpus: ${one.title} is ${one.then}, wherever it is cut`, () => {
    for (const cut of pieces(one.bytes)) checkRequest(one, cut);
    if (one.then === 'refused' || one.then === 'closes')
      for (const cut of pieces(one.bytes)) checkRequest(one, [...cut, HIDDEN]);
    if (one.then !== 'open') return;
    const thrice = answering(new ServerSide(one.option && SETTINGS[one.option])).send(one.bytes.repeat(4));
    assert.deepEqual(seenBy(thrice), [...one.passes, ...one.passes, ...one.passes, ...one.passes], 'again and again');
    const side = answering(new ServerSide(one.option && SETTINGS[one.option])).send(one.bytes, HIDDEN);
    assert.deepEqual(seenBy(side).slice(one.passes.length), [{ method: 'GET', path: '/hidden', authority: 'a', body: '' }]); // prettier-ignore
  });
}

function ask(one: ResponseCase): RequestHeaderMap {
  if (one.asked === 'CONNECT') return new RequestHeaderMap('CONNECT', '', 'a:80');
  const headers = new RequestHeaderMap(one.asked === 'HEAD' ? 'HEAD' : 'GET', '/', 'a');
  if (one.asked === 'upgrade') headers.protocol = 'websocket';
  return headers;
}

function checkResponse(one: ResponseCase, cut: string[]): void {
  const side = new ClientSide();
  const tunnel = one.asked === 'CONNECT' || one.asked === 'upgrade';
  const { receiver } = side.request(ask(one), !tunnel);
  for (const piece of cut) if (!side.transport.closed) side.send(piece);
  if (one.closes && !side.transport.closed) side.codec.onEnd();
  const { head, body, ended, resetReason } = receiver;
  if (one.outcome === 'whole') {
    assert.equal(head?.status, one.status);
    assert.equal(body, one.body);
    assert.equal(ended, true);
    assert.equal(resetReason, undefined);
  } else {
    assert.equal(ended, false, 'never as if it were whole');
    assert.notEqual(resetReason, undefined, side.faults.join());
    assert.equal(head !== undefined, one.outcome === 'cut');
    if (one.outcome === 'cut') assert.ok('hello'.startsWith(body), 'no other body');
  }
  const reusable = side.goAways === 0 && !side.transport.closed && side.codec.activeStreams === 0;
  assert.equal(reusable, one.reusable, 'another request on the connection');
}

for (const one of RESPONSE_CORPUS) {
  test(`Response corpus: ${one.title} is ${one.outcome}, wherever it is cut`, () => {
    checkResponse(one, [one.bytes]);
    for (const cut of pieces(one.bytes)) checkResponse(one, cut);
  });
}

test('The corpus is as large as it is said to be, and says nothing twice', () => {
  assert.ok(REQUEST_CORPUS.length >= 150, `${REQUEST_CORPUS.length} requests`);
  assert.ok(RESPONSE_CORPUS.length >= 40, `${RESPONSE_CORPUS.length} responses`);
  for (const corpus of [REQUEST_CORPUS, RESPONSE_CORPUS])
    assert.equal(new Set(corpus.map(({ title }) => title)).size, corpus.length);
});
