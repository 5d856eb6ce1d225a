const PREFIX_BYTES = 5;

/**
 * Takes messages out of the octets of a stream: a flag, four octets of length, the message.
 * Source: gRPC over HTTP/2, Length-Prefixed-Message.
 */
export class MessageReader {
  private readonly onMessage: (message: Buffer) => void;
  /** What has come of the message under way, its prefix included. */
  private parts: Buffer[] = [];
  private have = 0;
  /** Octets of prefix and message together; undefined while the prefix is not whole. */
  private need: number | undefined;

  constructor(onMessage: (message: Buffer) => void) {
    this.onMessage = onMessage;
  }

  /** True between two messages. */
  get empty(): boolean {
    return this.have === 0;
  }

  /** Says what is wrong; undefined where nothing is. Calls `onMessage` for each message that became whole. */
  read(chunk: Buffer): string | undefined {
    this.parts.push(chunk);
    this.have += chunk.length;
    for (;;) {
      if (this.need === undefined) {
        if (this.have < PREFIX_BYTES) return undefined;
        const prefix = this.joined();
        if (prefix[0] !== 0) return prefix[0] === 1 ? 'the message is compressed' : `the message has flag ${prefix[0]}`;
        this.need = PREFIX_BYTES + prefix.readUInt32BE(1);
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
