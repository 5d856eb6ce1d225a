import { turnWrites } from '@weft/core-bytes';
import { STOP, type HttpFilter } from '@weft/proxy-filter-api';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { world } from './testing.ts';

type Fields = readonly (readonly [name: string, value: string])[];

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEADERS = 1;
const DATA = 0;
const SETTINGS = 4;
const END_STREAM = 1;
const END_HEADERS = 4;

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Literals that enter no table: any octets can be a name or a value. */
function block(fields: Fields): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'h.test'],
];
const without = (name: string): Fields => GET.filter(([given]) => given !== name);
const changed = (name: string, value: string): Fields =>
  GET.map(([given, old]) => [given, given === name ? value : old]);

/** What a terminal filter, and so an upstream, gets of one request: lines of what it was called with. */
function passed(fields: Fields, bodies: readonly string[] = [], end = true): string[] {
  const seen: string[] = [];
  const recorder = (): HttpFilter => ({
    onRequestHeaders: (headers, last) => {
      seen.push(`${headers.method} ${headers.path} ${headers.authority} ${headers.raw.join(' ')}${last ? ' end' : ''}`);
      return STOP;
    },
    onRequestData: (chunk, last) => {
      seen.push(`${chunk.toString('latin1')}${last ? ' end' : ''}`);
      return STOP;
    },
    onRequestTrailers: (trailers) => {
      seen.push(`trailers ${trailers.raw.join(' ')}`);
      return STOP;
    },
  });
  const server = world({ codecType: 'HTTP2', generateRequestId: false }, recorder);
  const bodiless = bodies.length === 0;
  const parts = [
    Buffer.from(PREFACE),
    frame(SETTINGS, 0, 0, Buffer.alloc(0)),
    frame(HEADERS, END_HEADERS | (bodiless && end ? END_STREAM : 0), 1, block(fields)),
    ...bodies.map((body, i) =>
      frame(DATA, end && i === bodies.length - 1 ? END_STREAM : 0, 1, Buffer.from(body, 'latin1')),
    ),
  ];
  server.handler.onData(Buffer.concat(parts));
  turnWrites.flush();
  return seen;
}

describe('a request of HTTP/2 on its way to HTTP/1', () => {
  it('passes where it is right', () => {
    assert.deepEqual(passed([...GET, ['x-a', 'b c']]), ['GET /a h.test x-a b c x-forwarded-proto http end']);
    assert.deepEqual(passed([...GET, ['content-length', '2']], ['ok']).at(-1), 'ok end');
  });

  const octets = { CR: '\r', LF: '\n', NUL: '\0', 'CR and LF': '\r\n' };
  for (const [name, octet] of Object.entries(octets)) {
    it(`never passes with ${name} in any place`, () => {
      for (const fields of [
        [...GET, [`x-a${octet}b`, 'c']],
        [...GET, ['x-a', `b${octet}c`]],
        [...GET, ['x-a', `b${octet}`]],
        [...GET, ['x-a', `${octet}b`]],
        changed(':method', `GET${octet}`),
        changed(':path', `/a${octet}b`),
        changed(':authority', `h${octet}i`),
        changed(':scheme', `http${octet}`),
        [...GET, ['cookie', `a=b${octet}`]],
        [...GET, ['te', `trailers${octet}`]],
      ] as Fields[])
        assert.deepEqual(passed(fields), [], JSON.stringify(fields));
    });
  }

  it('never passes with what would be read as something else in HTTP/1', () => {
    for (const fields of [
      [...GET, ['x-a:', 'b']],
      [...GET, ['x a', 'b']],
      [...GET, ['x-a ', 'b']],
      [...GET, ['', 'b']],
      [...GET, ['X-A', 'b']],
      [...GET, ['x-ä', 'b']],
      [...GET, ['transfer-encoding', 'chunked']],
      [...GET, ['connection', 'close']],
      [...GET, ['upgrade', 'websocket']],
      [...GET, ['keep-alive', '1']],
      [...GET, ['proxy-connection', 'close']],
      [...GET, ['content-length', '1'], ['content-length', '2']],
      [...GET, ['content-length', 'x']],
      [...GET, ['content-length', '-1']],
      [...GET, ['content-length', '+1']],
      [...GET, [':path', '/b']],
      [...GET, [':unknown', 'x']],
      [['x-a', 'b'], ...GET],
      changed(':method', 'GET /x HTTP/1.1'),
      changed(':method', ''),
      changed(':path', ''),
      changed(':path', 'a'),
      changed(':path', '/a b'),
      changed(':path', '/a HTTP/1.1'),
      changed(':authority', 'a b'),
      changed(':authority', 'user@h.test'),
      changed(':scheme', 'ht tp'),
      without(':method'),
      without(':path'),
      without(':scheme'),
    ] as Fields[])
      assert.deepEqual(passed(fields), [], JSON.stringify(fields));
  });

  it('never ends well with another length than it promised', () => {
    const promised: Fields = [...changed(':method', 'POST'), ['content-length', '4']];
    for (const bodies of [['longer'], ['lon', 'ger'], ['sho'], ['']]) {
      const lines = passed(promised, bodies);
      assert.ok(!lines.some((line) => line.endsWith(' end')), JSON.stringify([bodies, lines]));
    }
    assert.deepEqual(passed(promised, []), []);
    assert.equal(passed(promised, ['good']).at(-1), 'good end');
  });
});
