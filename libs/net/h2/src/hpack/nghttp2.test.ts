import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ByteWriter } from '../byte-writer.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { type Field, decodeBlock, encodeBlock } from './fields.testing.ts';

const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM_AND_HEADERS = 5;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const out = new ByteWriter();
  out.uint24(payload.length);
  out.byte(type);
  out.byte(flags);
  out.uint32(stream);
  out.copy(payload, 0, payload.length);
  return out.take();
}

/** Whole HEADERS payloads in what was received so far. */
function headerBlocks(received: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at + 9 <= received.length;) {
    const end = at + 9 + received.readUIntBE(at, 3);
    if (end > received.length) break;
    if (received[at + 3] === HEADERS) blocks.push(received.subarray(at + 9, end));
    at = end;
  }
  return blocks;
}

/** What request `nth` carries: things that repeat, things that do not, things long and odd. */
function requestFields(nth: number): Field[] {
  return [
    [':method', nth % 2 === 0 ? 'GET' : 'DELETE'],
    [':scheme', 'http'],
    [':path', `/path/${nth % 3}?q=${nth}`],
    [':authority', 'localhost'],
    ['user-agent', 'weft'],
    ['x-long', `${nth % 4}`.repeat(900)],
    ['x-odd', `~|{}<>^"\\ ${nth}`],
    ['authorization', 'Bearer abc'],
  ];
}

async function exchange(
  serverTableBytes: number,
  requests: number,
): Promise<{ seen: IncomingHttpHeaders[]; got: Field[][] }> {
  const server = createServer({ settings: { headerTableSize: serverTableBytes } });
  const seen: IncomingHttpHeaders[] = [];
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    seen.push(headers);
    const echo = {
      ':status': 200,
      'x-echo': String(headers[':path']),
      'x-long': String(headers['x-long']),
      date: 'now',
    };
    stream.respond(echo, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const encoder = new HpackEncoder(16_384);
  const decoder = new HpackDecoder(4096);
  let received: Buffer = Buffer.alloc(0);
  const got: Field[][] = [];
  const send = (nth: number): boolean =>
    socket.write(frame(HEADERS, END_STREAM_AND_HEADERS, nth * 2 + 1, encodeBlock(encoder, requestFields(nth))));
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
  send(0);
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed early')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (const block of headerBlocks(received).slice(got.length)) {
        const fields = decodeBlock(decoder, block);
        if (typeof fields === 'string') return reject(new Error(fields));
        got.push(fields);
        // The server's SETTINGS came before its first answer; it counts on them from our acknowledgement on.
        if (got.length === 1) {
          socket.write(frame(SETTINGS, 1, 0, Buffer.alloc(0)));
          encoder.setMaxTableBytes(serverTableBytes);
        }
        if (got.length === requests) return resolve();
        send(got.length);
      }
    });
  });
  await answered.finally(() => {
    socket.destroy();
    server.close();
  });
  return { seen, got };
}

for (const tableBytes of [4096, 0, 300, 16_384]) {
  test(`nghttp2 with a table of ${tableBytes} reads what we encode, and we what it encodes`, async () => {
    const { seen, got } = await exchange(tableBytes, 24);
    assert.equal(got.length, 24);
    for (let nth = 0; nth < 24; nth++) {
      const sent = Object.fromEntries(requestFields(nth));
      for (const [name, value] of Object.entries(sent)) assert.equal(seen[nth]?.[name], value);
      const answer = Object.fromEntries(got[nth] as Field[]);
      assert.equal(answer[':status'], '200');
      assert.equal(answer['x-echo'], sent[':path']);
      assert.equal(answer['x-long'], sent['x-long']);
    }
  });
}
