/** One end of the channel between two threads. */
export interface ThreadPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

type Methods = object;
type Arguments<T, K extends keyof T> = T[K] extends (...args: infer A) => unknown ? A : never;
type Result<T, K extends keyof T> = T[K] extends (...args: never) => infer R ? Awaited<R> : never;

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'tell'; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Calls between two threads: what is called here runs there, on the first of `locals` that has it. `Remote` are the methods of
 * the other side. Only configuration, commands and questions of the admin server go this way. What is called in one go of the
 * program crosses as one message.
 */
export class ThreadCalls<Remote extends Methods> {
  private readonly port: ThreadPort;
  private readonly locals: readonly Readonly<Record<string, unknown>>[];
  private readonly beforeAnswer: () => void;
  private readonly waiting = new Map<number, Waiting>();
  private queued: Message[] = [];
  private lastId = 0;
  private failure: Error | undefined;

  /** `beforeAnswer` runs before each answer is sent: what it posts arrives first. */
  constructor(port: ThreadPort, locals: readonly Methods[], beforeAnswer: () => void = () => undefined) {
    this.port = port;
    this.locals = locals as readonly Readonly<Record<string, unknown>>[];
    this.beforeAnswer = beforeAnswer;
    port.on('message', (messages) => {
      for (const message of messages as readonly Message[]) void this.receive(message);
    });
  }

  call<K extends keyof Remote & string>(method: K, ...args: Arguments<Remote, K>): Promise<Result<Remote, K>> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.lastId += 1;
    const id = this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.waiting.set(id, { resolve, reject });
    this.post({ kind: 'call', id, method, args });
    return promise as Promise<Result<Remote, K>>;
  }

  /** Without an answer. */
  tell<K extends keyof Remote & string>(method: K, ...args: Arguments<Remote, K>): void {
    this.post({ kind: 'tell', method, args });
  }

  /** The other thread is gone: nothing is answered any more, and nothing asked. */
  fail(error: Error): void {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private async receive(message: Message): Promise<void> {
    switch (message.kind) {
      case 'tell':
        this.run(message.method, message.args);
        return;
      case 'call': {
        const { id } = message;
        let answer: Message;
        try {
          answer = { kind: 'answer', id, value: await this.run(message.method, message.args) };
        } catch (error) {
          answer = { kind: 'failure', id, message: (error as Error).message };
        }
        this.beforeAnswer();
        this.post(answer);
        return;
      }
      case 'answer':
        this.take(message.id)?.resolve(message.value);
        return;
      case 'failure':
        this.take(message.id)?.reject(new Error(message.message));
    }
  }

  private post(message: Message): void {
    if (this.queued.push(message) > 1) return;
    queueMicrotask(() => {
      const { queued } = this;
      this.queued = [];
      this.port.postMessage(queued);
    });
  }

  private run(method: string, args: readonly unknown[]): unknown {
    const local = this.locals.find((one) => method in one)!;
    return (local[method] as (...values: readonly unknown[]) => unknown).apply(local, args as unknown[]);
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}
