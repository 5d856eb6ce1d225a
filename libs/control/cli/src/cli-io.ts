/** What a verb has of the world. main.ts gives the real one. */
export interface CliIo {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Rejects with an Error whose `code` (or whose cause's) says why nobody answered. */
  http(request: HttpRequest): Promise<HttpReply>;
  /** Milliseconds since the epoch, by this machine's clock. */
  wallMs(): number;
  /** The debug port of a demo's control plane that runs on this machine, for who asks at another address; undefined: none does. */
  readonly demo?: () => string | undefined;
  /** Asks on the terminal; undefined where there is none. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpReply {
  readonly status: number;
  readonly body: string;
}

/** What `weft` ends with. */
export const EXIT = {
  done: 0,
  /** The answer is no: denied, not found, refused, different. */
  no: 1,
  /** The command line is wrong. */
  misuse: 2,
  /** Nobody answered, or not as expected. */
  unanswered: 3,
} as const;

/** Ends a verb with a message: what happened, why, and what to do. */
export class CliError extends Error {
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(message: string, exitCode: number, hint?: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** The real world's HTTP. */
export async function fetchHttp({ method, url, headers }: HttpRequest): Promise<HttpReply> {
  const response = await fetch(url, { method, headers: headers ?? {}, redirect: 'error' });
  return { status: response.status, body: await response.text() };
}
