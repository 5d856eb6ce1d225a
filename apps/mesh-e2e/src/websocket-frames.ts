import { randomBytes } from 'node:crypto';

const FINAL = 0x80;
const MASKED = 0x80;
export const Opcode = { text: 1, binary: 2, close: 8 } as const;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** One unfragmented frame (RFC 6455 section 5.2); clients mask theirs. */
export function webSocketFrame(opcode: number, payload: Buffer, masked: boolean): Buffer {
  const head = [FINAL | opcode];
  const mask = masked ? MASKED : 0;
  if (payload.length < 126) head.push(mask | payload.length);
  else if (payload.length < 65_536) head.push(mask | 126, payload.length >> 8, payload.length & 255);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(payload.length));
    head.push(mask | 127, ...length);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, withMask(payload, key)]);
}

function withMask(payload: Buffer, key: Buffer): Buffer {
  return Buffer.from(payload.map((octet, i) => octet ^ (key[i & 3] as number)));
}

/** Cuts what a peer sends into frames. */
export class WebSocketReader {
  private bytes: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): WebSocketFrame[] {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    const frames: WebSocketFrame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): WebSocketFrame | undefined {
    const { bytes } = this;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    const size = second & 127;
    const lengthAt = 2;
    const keyAt = lengthAt + (size === 126 ? 2 : size === 127 ? 8 : 0);
    if (bytes.length < keyAt) return undefined;
    const length = size < 126 ? size : size === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    const start = keyAt + ((second & MASKED) !== 0 ? 4 : 0);
    if (bytes.length < start + length) return undefined;
    const payload = bytes.subarray(start, start + length);
    this.bytes = bytes.subarray(start + length);
    return { opcode: first & 15, payload: start === keyAt ? payload : withMask(payload, bytes.subarray(keyAt, start)) };
  }
}
