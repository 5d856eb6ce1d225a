/** A command: its name and its arguments. */
export type Command = readonly Buffer[];

/** The client does not speak RESP; the connection has to be closed after the error. */
export class ProtocolError extends Error {}

const MAX_INLINE = 64 * 1024;
const MAX_ARGUMENTS = 1024 * 1024;
const MAX_BULK = 512 * 1024 * 1024;
const [LF, STAR, DOLLAR] = ['\n', '*', '$'].map((text) => text.charCodeAt(0));

/**
 * Cuts a stream of bytes into commands: arrays of bulk strings, as clients send them, or lines of words, as people type
 * them (the Redis serialization protocol, "Sending commands to a Redis server"). Bytes may come in pieces of any size.
 */
export class RequestParser {
  #chunks: Buffer = Buffer.alloc(0);
  /** The command that is being read: what it has so far, and how many are to come. */
  #words: Buffer[] = [];
  #missing = 0;
  /** Length of the bulk string whose bytes are to come; -1 before its head was read. */
  #bulk = -1;

  /** Takes the next bytes; gives back the commands they complete. Throws ProtocolError. */
  push(bytes: Buffer): Command[] {
    this.#chunks = this.#chunks.length === 0 ? bytes : Buffer.concat([this.#chunks, bytes]);
    const commands: Command[] = [];
    for (;;) {
      const command = this.#next();
      if (command === undefined) return commands;
      if (command.length > 0) commands.push(command);
    }
  }

  /** The next command; an empty one for an empty line; undefined when bytes are missing. */
  #next(): Command | undefined {
    if (this.#missing === 0) {
      const line = this.#line();
      if (line === undefined) return undefined;
      if (line[0] !== STAR) return words(line);
      this.#missing = size(line, 'multibulk', MAX_ARGUMENTS);
      if (this.#missing <= 0) return this.#finish();
    }
    while (this.#missing > 0) {
      if (!this.#word()) return undefined;
    }
    return this.#finish();
  }

  #finish(): Command {
    const command = this.#words;
    this.#words = [];
    this.#missing = 0;
    return command;
  }

  /** Reads one bulk string; false when bytes are missing. */
  #word(): boolean {
    if (this.#bulk < 0) {
      const line = this.#line();
      if (line === undefined) return false;
      if (line[0] !== DOLLAR)
        throw new ProtocolError(`Protocol error: expected '$', got '${line.toString('latin1', 0, 1)}'`);
      this.#bulk = size(line, 'bulk', MAX_BULK);
      if (this.#bulk < 0) throw new ProtocolError('Protocol error: invalid bulk length');
    }
    if (this.#chunks.length < this.#bulk + 2) return false;
    this.#words.push(this.#chunks.subarray(0, this.#bulk));
    this.#chunks = this.#chunks.subarray(this.#bulk + 2);
    this.#bulk = -1;
    this.#missing -= 1;
    return true;
  }

  /** The next line without its end; undefined when it is not whole. */
  #line(): Buffer | undefined {
    const end = this.#chunks.indexOf(LF as number);
    if (end < 0) {
      if (this.#chunks.length > MAX_INLINE) throw new ProtocolError('Protocol error: too big inline request');
      return undefined;
    }
    const line = this.#chunks.subarray(0, this.#chunks[end - 1] === 13 ? end - 1 : end);
    this.#chunks = this.#chunks.subarray(end + 1);
    return line;
  }
}

function size(line: Buffer, what: string, most: number): number {
  const text = line.toString('latin1', 1);
  const number = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(number <= most)) throw new ProtocolError(`Protocol error: invalid ${what} length`);
  return number;
}

function words(line: Buffer): Command {
  const text = line.toString('latin1').trim();
  return text === '' ? [] : text.split(/\s+/).map((word) => Buffer.from(word, 'latin1'));
}
