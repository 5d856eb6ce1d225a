import { GRPC_STATUS, type GrpcStatus } from '@weft/core-grpc';

const PREFIX_BYTES = 5;

/**
 * Takes messages out of the octets of a stream: a flag, four octets of length, the message.
 * Source: gRPC over HTTP/2, Length-Prefixed-Message.
 */
export class MessageReader {
  private readonly onMessage: (message: Buffer) => void;
  private readonly maxBytes: number;
  /** What has come of the message under way, its prefix included. */
  private parts: Buffer[] = [];
  private have = 0;
  /** Octets of prefix and message together; undefined while the prefix is not whole. */
  private need: number | undefined;

  /** `maxBytes`: how long a message may be; a longer one is refused before it is gathered. Default: any length. */
  constructor(onMessage: (message: Buffer) => void, maxBytes = Number.POSITIVE_INFINITY) {
    this.onMessage = onMessage;
    this.maxBytes = maxBytes;
  }

  /** True between two messages. */
  get empty(): boolean {
    return this.have === 0;
  }

  /** Says what is wrong; undefined where nothing is. Calls `onMessage` for each message that became whole. */
  read(chunk: Buffer): GrpcStatus | undefined {
    this.parts.push(chunk);
    this.have += chunk.length;
    for (;;) {
      if (this.need === undefined) {
        if (this.have < PREFIX_BYTES) return undefined;
        const prefix = this.joined();
        if (prefix[0] !== 0)
          return {
            code: GRPC_STATUS.UNIMPLEMENTED,
            message: prefix[0] === 1 ? 'the message is compressed' : `the message has flag ${prefix[0]}`,
          };
        const length = prefix.readUInt32BE(1);
        if (length > this.maxBytes)
          return {
            code: GRPC_STATUS.RESOURCE_EXHAUSTED,
            message: `the message has ${length} bytes, and ${this.maxBytes} are allowed`,
          };
        this.need = PREFIX_BYTES + length;
      }
      if (this.have < this.need) return undefined;
      const all = this.joined();
      const message = all.subarray(PREFIX_BYTES, this.need);
      const rest = all.subarray(this.need);
      this.parts = rest.length === 0 ? [] : [rest];
      this.have = rest.length;
      this.need = undefined;
      this.onMessage(message);
    }
  }

  private joined(): Buffer {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts, this.have)];
    return this.parts[0] as Buffer;
  }
}

/** A message with its prefix. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}
