import type { Transport } from '@weft/core-bytes';

/** Octets that are copied behind a head rather than written by themselves: copying them costs less than a system call. */
const JOIN_LIMIT_BYTES = 32 * 1024;
/** Most messages are a head and one piece. */
const KEPT_PARTS = 8;

/**
 * What a codec sends: gathers a head and the small pieces behind it into one write. It writes when told to (a message is
 * complete), when much has gathered, and at the end of the turn of the event loop.
 */
export class Output {
  private readonly transport: Transport;
  /** The first `count` of them. What lies behind is empty: making an array shorter, and longer again, costs more than its use. */
  private readonly parts: (string | Buffer)[] = [];
  private count = 0;
  private bytes = 0;
  /** Octets of all that was ever gathered. */
  total = 0;
  private scheduled = false;
  /** The transport is above its high watermark, and has not drained yet. */
  full = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Gathers latin1 text. */
  text(text: string): void {
    this.parts[this.count++] = text;
    this.bytes += text.length;
    this.total += text.length;
  }

  /** Gathers or writes a piece of a body. */
  chunk(chunk: Buffer): void {
    this.total += chunk.length;
    if (this.bytes + chunk.length <= JOIN_LIMIT_BYTES) {
      this.parts[this.count++] = chunk;
      this.bytes += chunk.length;
      return;
    }
    this.flush();
    if (!this.transport.write(chunk)) this.full = true;
  }

  /** Lets what was gathered wait for more, but not longer than this turn. */
  flushSoon(): void {
    if (this.scheduled || this.count === 0) return;
    this.scheduled = true;
    process.nextTick(flushOutput, this);
  }

  /** Writes what was gathered. */
  flush(): void {
    const { parts, count } = this;
    if (count === 0) return;
    const first = parts[0] as string | Buffer;
    let below: boolean;
    if (count > 1) below = this.transport.write(this.join());
    else if (typeof first === 'string') below = this.transport.writeLatin1(first);
    else below = this.transport.write(first);
    if (count > KEPT_PARTS) parts.length = 0;
    else for (let i = 0; i < count; i++) parts[i] = '';
    this.count = 0;
    this.bytes = 0;
    if (!below) this.full = true;
  }

  private join(): Buffer {
    const joined = Buffer.allocUnsafe(this.bytes);
    let at = 0;
    const { parts, count } = this;
    for (let i = 0; i < count; i++) {
      const part = parts[i] as string | Buffer;
      if (typeof part === 'string') at += joined.write(part, at, 'latin1');
      else {
        joined.set(part, at);
        at += part.length;
      }
    }
    return joined;
  }

  onTick(): void {
    this.scheduled = false;
    this.flush();
  }
}

function flushOutput(output: Output): void {
  output.onTick();
}
