import { connect, type Socket } from 'node:net';

const WITHIN_MS = 10_000;

/** A client that speaks bytes: what it sends and what comes back is text in latin1, nothing is added. */
export class RawClient {
  readonly socket: Socket;
  /** Everything that came so far. */
  received = '';
  /** The peer has ended its side, or the connection is gone. */
  ended = false;
  readonly #watchers = new Set<() => void>();

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setEncoding('latin1').setNoDelay();
    this.socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.#notify();
    });
    const end = (): void => {
      this.ended = true;
      this.#notify();
    };
    this.socket.once('end', end).once('close', end).once('error', end);
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Waits until what came matches; rejects when the connection ends before that, or after 10 seconds. */
  until(pattern: RegExp): Promise<string> {
    return this.#wait(`no match for ${pattern}`, () => pattern.test(this.received), true);
  }

  /** Waits for the peer's end of the connection; gives everything that came. */
  end(): Promise<string> {
    return this.#wait('no end', () => this.ended, false);
  }

  close(): void {
    this.socket.destroy();
  }

  #wait(what: string, isDone: () => boolean, failsAtEnd: boolean): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (why: string): void => reject(new Error(`${what} ${why}; received: ${JSON.stringify(this.received)}`));
    const look = (): void => {
      if (isDone()) resolve(this.received);
      else if (failsAtEnd && this.ended) fail('before the end');
    };
    const deadline = setTimeout(() => fail(`within ${WITHIN_MS} ms`), WITHIN_MS);
    this.#watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(deadline);
      this.#watchers.delete(look);
    });
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }
}
