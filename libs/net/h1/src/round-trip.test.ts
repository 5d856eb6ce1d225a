import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import { ClientSide, ServerSide } from './fixture.testing.ts';

/** Draws from a seed, so that a failure can be had again: a linear congruential generator (Numerical Recipes' constants). */
class Draws {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }
  below(bound: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 0x1_0000_0000) * bound);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** Cuts bytes at random places. */
function* cut(bytes: Buffer, draws: Draws): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const to = at + 1 + draws.below(draws.pick([2, 10, 100, 10_000]));
    yield bytes.subarray(at, to);
    at = to;
  }
}

function pieces(draws: Draws): string[] {
  return Array.from({ length: draws.below(4) }, () => 'abc\r\n0'.repeat(draws.below(50)));
}

function fields(draws: Draws): string[] {
  const raw: string[] = [];
  for (let i = draws.below(8); i > 0; i--) {
    raw.push(draws.pick(['accept-language', 'x-a', 'cookie', 'dnt', 'x-real-ip']));
    raw.push(draws.pick(['', 'v', 'a b', 'caf\u00e9', 'x'.repeat(draws.below(300)), '\u00ff:;,="']));
  }
  return raw;
}

interface Message {
  raw: string[];
  body: string[] | undefined;
  trailers: string[] | undefined;
}

function message(draws: Draws): Message {
  const raw = fields(draws);
  const body = draws.below(3) === 0 ? undefined : pieces(draws);
  const trailers = body !== undefined && draws.below(4) === 0 ? ['x-sum', '1'] : undefined;
  if (body !== undefined && trailers === undefined && draws.below(2) === 0) {
    raw.push('content-length', String(body.join('').length));
  }
  return { raw, body, trailers };
}

interface Sink {
  data(chunk: Buffer, end: boolean): boolean;
  trailers(trailers: HeaderMap): void;
}

function write(sink: Sink, { body, trailers }: Message): void {
  for (const piece of body ?? []) sink.data(Buffer.from(piece, 'latin1'), false);
  if (trailers !== undefined) sink.trailers(new HeaderMap(trailers));
  else if (body !== undefined) sink.data(Buffer.alloc(0), true);
}

function assertSame(
  got: { head: HeaderMap | undefined; body: string; trailerMap: HeaderMap | undefined },
  sent: Message,
) {
  const framing = (raw: readonly string[]) => raw.join('|').replace(/\|?content-length\|0$/, '');
  assert.equal(framing(got.head?.raw ?? []), framing(sent.raw));
  assert.equal(got.body, sent.body?.join('') ?? '');
  assert.deepEqual(got.trailerMap?.raw, sent.trailers);
}

test('What one codec writes the other reads, wherever the bytes are cut, message after message', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const draws = new Draws(seed);
    const client = new ClientSide({ enableTrailers: true });
    const server = new ServerSide({ enableTrailers: true });
    for (let i = 0; i < 12; i++) {
      const request = message(draws);
      const head = new RequestHeaderMap(draws.pick(['GET', 'POST', 'PUT']), '/p', 'h', [...request.raw]);
      const { receiver, stream } = client.request(head, request.body === undefined);
      write(stream, request);
      for (const piece of cut(Buffer.from(client.sent(), 'latin1'), draws)) server.codec.onData(piece);
      assertSame(server.last, request);
      assert.equal(server.last.ended, true, `seed ${seed}`);
      const response = message(draws);
      server.last.stream.headers(new ResponseHeaderMap(200, [...response.raw]), response.body === undefined);
      write(server.last.stream, response);
      for (const piece of cut(Buffer.from(server.sent(), 'latin1'), draws)) client.codec.onData(piece);
      assertSame(receiver, response);
      assert.equal(receiver.ended, true, `seed ${seed}`);
    }
    assert.equal(client.ends, 12);
    assert.equal(server.idles, 12);
  }
});

const SCRAPS = [
  'GET / HTTP/1.1\r\n', 'POST /x HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 101 X\r\n', 'HTTP/1.1 100\r\n', 'Host: h\r\n',
  'Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n',
  'Connection: Upgrade\r\nUpgrade: x\r\n', '\r\n', '\r', '\n', '\0', ' ', ':', ';', '3\r\nabc\r\n', '0\r\n\r\n', '0\r\n', 'abc',
  'a: b\r\n', 'CONNECT a:1 HTTP/1.1\r\n', '\xff', 'x'.repeat(700),
]; // prettier-ignore

/** Scraps of messages in any order, most of them nonsense, some of them nearly right. */
function nonsense(draws: Draws): Buffer {
  let text = draws.pick(['', 'GET / HTTP/1.1\r\nHost: h\r\n', 'HTTP/1.1 200 OK\r\n']);
  for (let i = draws.below(24); i > 0; i--) text += draws.pick(SCRAPS);
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > 0 && draws.below(3) === 0) bytes[draws.below(bytes.length)] = draws.below(256);
  return bytes;
}

test('Whatever a client sends, the server codec neither throws nor reads on after a fault, and cuts do not matter', () => {
  for (let seed = 1; seed <= 4000; seed++) {
    const draws = new Draws(seed);
    const bytes = nonsense(draws);
    const seen = [bytes, ...[1, 2].map(() => undefined)].map((whole) => {
      const side = new ServerSide();
      side.onRequest = ({ stream }) => stream.pause();
      for (const piece of whole === undefined ? cut(bytes, draws) : [bytes]) side.codec.onData(piece);
      // A stray octet is found as soon as it is there: by then another fault of the same head may not have been.
      return [side.faults.length, side.requests.map((request) => request.text), side.transport.ended];
    });
    assert.deepEqual(seen[1], seen[0], `seed ${seed}`);
    assert.deepEqual(seen[2], seen[0], `seed ${seed}`);
  }
});

test('Whatever a server sends, the client codec does not throw, tells its user how it ended, and cuts do not matter', () => {
  for (let seed = 1; seed <= 4000; seed++) {
    const draws = new Draws(seed);
    const bytes = nonsense(draws);
    const seen = [true, false].map((whole) => {
      const side = new ClientSide();
      const { receiver } = side.request(new RequestHeaderMap('GET', '/', 'h'));
      for (const piece of whole ? [bytes] : cut(bytes, draws)) side.codec.onData(piece);
      side.codec.onEnd();
      side.codec.onClose({ by: 'remote' });
      assert.ok(receiver.ended !== (receiver.resetReason !== undefined), `seed ${seed}`);
      return [side.faults.length, receiver.head?.raw, receiver.body, receiver.ended, receiver.resetReason];
    });
    assert.deepEqual(seen[1], seen[0], `seed ${seed}`);
  }
});
