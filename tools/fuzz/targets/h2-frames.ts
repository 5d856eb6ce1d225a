import { turnWrites } from '@weft/core-bytes';
import { RequestHeaderMap } from '@weft/core-http';
import { Http2ClientCodec, Http2ServerCodec, http2ClientSettings, http2ServerSettings } from '@weft/net-h2';
import { ByteWriter, HpackEncoder } from '@weft/net-h2/testing';
import type { Prng } from '../random.ts';
import { latin1, pieces, type FuzzTarget } from '../target.ts';
import { ClientEvents, sameEvents, ServerEvents, signature } from './events.ts';

const PREFACE = latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const HEAD_BYTES = 9;
const TYPES = 10;

function frame(type: number, flags: number, stream: number, payload: Uint8Array | readonly number[] = []): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload)]);
}

function block(...fields: readonly (readonly [string, string])[]): Buffer {
  const [encoder, out] = [new HpackEncoder(), new ByteWriter()];
  encoder.begin(out);
  for (const [name, value] of fields) encoder.field(out, name, value);
  return Buffer.from(out.bytes.subarray(0, out.length));
}

/** Frames of an input: a length that goes beyond the end takes what is there. */
function split(input: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < input.length;) {
    const length = at + HEAD_BYTES <= input.length ? HEAD_BYTES + input.readUIntBE(at, 3) : input.length - at;
    frames.push(input.subarray(at, at + length));
    at += length;
  }
  return frames;
}

/** Changes one frame and keeps the framing: flags, stream, type, payload, order, number. */
function mutate(input: Buffer, random: Prng): Buffer {
  const frames = split(input);
  const at = random.below(frames.length || 1);
  const one = Buffer.from(frames[at] ?? frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]));
  if (one.length < HEAD_BYTES) return input;
  switch (random.below(7)) {
    case 0:
      one[3] = random.below(TYPES + 1);
      break;
    case 1:
      one[4] = (one[4] as number) ^ (1 << random.below(6));
      break;
    case 2:
      one.writeUInt32BE(random.pick([0, 1, 2, 3, 5, 7, 0x7fffffff, 0x80000001]), 5);
      break;
    case 3:
      frames.splice(at, 0, ...Array.from({ length: 1 + random.below(20) }, () => one));
      break;
    case 4:
      frames.splice(at, 1);
      return Buffer.concat(frames);
    case 5: {
      const payload = Buffer.concat([one.subarray(HEAD_BYTES), Buffer.alloc(random.below(40), random.below(256))]);
      frames[at] = frame(one[3] as number, one[4] as number, one.readUInt32BE(5), payload);
      return Buffer.concat(frames);
    }
    default:
      frames.splice(random.below(frames.length + 1), 0, one);
  }
  if (frames[at] !== undefined) frames[at] = one;
  return Buffer.concat(frames);
}

const GET = block([':method', 'GET'], [':scheme', 'http'], [':path', '/'], [':authority', 'h']);
const POST = block(
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a'],
  [':authority', 'h'],
  ['content-length', '5'],
);
const OK = block([':status', '200'], ['content-type', 'text/plain']);
const TRAILERS = block(['x', 'y']);
const NUMBERS = [0, 0, 255, 255];
const WORDS = [
  frame(4, 0, 0), frame(4, 1, 0), frame(4, 0, 0, [0, 4, 0x7f, 255, 255, 255]), frame(4, 0, 0, [0, 3, 0, 0, 0, 0]), frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
  frame(8, 0, 0, [0x7f, 255, 255, 255]), frame(8, 0, 1, NUMBERS), frame(3, 0, 1, [0, 0, 0, 8]), frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
  frame(2, 0, 3, [0, 0, 0, 1, 5]), frame(0, 1, 1, latin1('hello')), frame(0, 8, 1, [2, 1, 0, 0]), frame(9, 4, 1, GET), frame(5, 4, 1, [0, 0, 0, 2, 0x82]),
  frame(1, 5, 3, GET), frame(1, 4, 1, POST), frame(1, 5, 1, TRAILERS), frame(1, 4, 1, OK),
]; // prettier-ignore

const serverSettings = http2ServerSettings({});
const clientSettings = http2ClientSettings({});

function serve(chunks: readonly Buffer[]): ServerEvents {
  const events = new ServerEvents();
  const codec = new Http2ServerCodec(events.transport, events, serverSettings);
  for (const chunk of [PREFACE, ...chunks]) if (!events.transport.closed) codec.onData(Buffer.from(chunk));
  turnWrites.flush();
  if (!events.transport.closed) codec.onEnd();
  codec.onClose({ by: 'remote' });
  turnWrites.flush();
  return events;
}

export const h2Requests: FuzzTarget = {
  name: 'h2-requests',
  seeds: [
    Buffer.concat([frame(4, 0, 0), frame(1, 5, 1, GET), frame(1, 5, 3, GET)]),
    Buffer.concat([
      frame(4, 0, 0),
      frame(1, 4, 1, POST),
      frame(0, 1, 1, latin1('hello')),
      frame(1, 4, 3, POST),
      frame(0, 0, 3, latin1('hello')),
      frame(1, 5, 3, TRAILERS),
    ]),
    Buffer.concat([
      frame(4, 0, 0, [0, 1, 0, 0, 0, 0]),
      frame(1, 1, 1, GET.subarray(0, 2)),
      frame(9, 4, 1, GET.subarray(2)),
      frame(3, 0, 1, [0, 0, 0, 8]),
    ]),
    Buffer.concat([
      frame(4, 0, 0),
      frame(4, 1, 0),
      frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
      frame(8, 0, 0, NUMBERS),
      frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
    ]),
  ],
  words: WORDS,
  mutate,
  run(input, random) {
    const whole = serve([input]);
    sameEvents(whole.log, serve(pieces(input, random)).log);
    return signature(whole.log, whole.faults);
  },
};

function call(chunks: readonly Buffer[]): ClientEvents {
  const events = new ClientEvents();
  const codec = new Http2ClientCodec(events.transport, events, clientSettings);
  const receivers = [events.receiver(), events.receiver()];
  const streams = receivers.map((receiver) => codec.newStream(receiver));
  streams[0]?.headers(new RequestHeaderMap('GET', '/', 'h'), true);
  streams[1]?.headers(new RequestHeaderMap('POST', '/', 'h'), false);
  turnWrites.flush();
  for (const chunk of chunks) if (!events.transport.closed) codec.onData(Buffer.from(chunk));
  turnWrites.flush();
  if (!events.transport.closed) codec.onEnd();
  codec.onClose({ by: 'remote' });
  turnWrites.flush();
  return events;
}

export const h2Responses: FuzzTarget = {
  name: 'h2-responses',
  seeds: [
    Buffer.concat([
      frame(4, 0, 0),
      frame(4, 1, 0),
      frame(1, 4, 1, OK),
      frame(0, 1, 1, latin1('hello')),
      frame(1, 5, 3, OK),
    ]),
    Buffer.concat([
      frame(4, 0, 0, [0, 3, 0, 0, 0, 1]),
      frame(1, 4, 1, block([':status', '100'])),
      frame(1, 4, 1, OK),
      frame(1, 5, 1, TRAILERS),
    ]),
    Buffer.concat([frame(4, 0, 0), frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0]), frame(3, 0, 1, [0, 0, 0, 7])]),
  ],
  words: WORDS,
  mutate,
  run(input, random) {
    const whole = call([input]);
    sameEvents(whole.log, call(pieces(input, random)).log);
    return signature(whole.log, whole.faults);
  },
};
