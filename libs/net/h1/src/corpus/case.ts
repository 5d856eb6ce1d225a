/** A request as an application sees it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query; `''` for CONNECT. */
  readonly path: string;
  readonly authority: string;
  readonly body: string;
}

/** What a codec or a proxy must allow for a case: everything is off by default. */
export type CorpusOption = 'accept_http_10' | 'allow_chunked_length' | 'enable_trailers' | 'allow_custom_methods';

/**
 * Bytes from a client, and what may come of them. Whatever the bytes, and wherever they are cut on their way: exactly
 * `passes` reach the application, and what is refused never reaches it whole.
 */
export interface RequestCase {
  readonly title: string;
  /** latin1. */
  readonly bytes: string;
  readonly passes: readonly SeenRequest[];
  /**
   * `open`: the connection takes another request. `closes`: it ends behind the last answer. `refused`: a 4xx or 5xx, and
   * it ends. `waits`: more of the last request must come.
   */
  readonly then: 'open' | 'closes' | 'refused' | 'waits';
  /** With which a refusal is answered; 0 for another case. */
  readonly status: number;
  readonly option: CorpusOption | undefined;
  /** The last request asks to leave HTTP, and is turned down: by the application, or by a proxy on its own. */
  readonly leavesHttp?: boolean;
}

/** Bytes from an upstream, and what may come of them. */
export interface ResponseCase {
  readonly title: string;
  /** latin1. */
  readonly bytes: string;
  /** The upstream closes behind them. */
  readonly closes: boolean;
  /** What was asked. `upgrade`: a WebSocket. */
  readonly asked: 'GET' | 'HEAD' | 'CONNECT' | 'upgrade';
  /**
   * `whole`: the response in `status` and `body`. `refused`: none of it reaches the client (a proxy answers 502 or 503).
   * `cut`: it began, and ends in a reset, never as if it were whole. `waits`: no more than its beginning is there.
   */
  readonly outcome: 'whole' | 'refused' | 'cut' | 'waits';
  readonly status: number;
  readonly body: string;
  /** The connection may take another request. */
  readonly reusable: boolean;
}

/** Lines, each but the last ending in CRLF: `lines('GET / HTTP/1.1', 'Host: a', '', '')`. */
export function lines(...all: string[]): string {
  return all.join('\r\n');
}

/** A GET of `path` from `authority`, without a body, as an application sees it. */
export function seen(path: string, body = '', method = body === '' ? 'GET' : 'POST', authority = 'a'): SeenRequest {
  return { method, path, authority, body };
}

export function refused(title: string, bytes: string, status = 400, option?: CorpusOption): RequestCase {
  return { title, bytes, passes: [], then: 'refused', status, option };
}

export function served(title: string, bytes: string, ...passes: SeenRequest[]): RequestCase {
  return { title, bytes, passes, then: 'open', status: 0, option: undefined };
}

export function waiting(title: string, bytes: string, ...passes: SeenRequest[]): RequestCase {
  return { title, bytes, passes, then: 'waits', status: 0, option: undefined };
}

type ResponseChanges = Partial<Pick<ResponseCase, 'asked' | 'closes' | 'reusable'>>;

type Answer = readonly [status: number, body: string];

export function whole(title: string, bytes: string, answer: Answer, changes: ResponseChanges = {}): ResponseCase {
  const [status, body] = answer;
  return { title, bytes, status, body, outcome: 'whole', asked: 'GET', closes: false, reusable: true, ...changes };
}

export function broken(title: string, bytes: string, changes: ResponseChanges = {}): ResponseCase {
  const none = { status: 0, body: '', reusable: false, asked: 'GET', closes: false } as const;
  return { title, bytes, outcome: 'refused', ...none, ...changes };
}

/** Broken behind its head. */
export function cutOff(title: string, bytes: string, changes: ResponseChanges = {}): ResponseCase {
  return { ...broken(title, bytes, changes), outcome: 'cut' };
}
