/** One request to the debug port, as far as it is looked at here. */
export interface DebugRequest {
  readonly query: URLSearchParams;
  /** What the pattern's `*` stood for, one for each. */
  readonly parts: readonly string[];
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The IP address at the other end of the connection. */
  readonly peerAddress: string;
}

export interface DebugResponse {
  readonly status: number;
  /** A text as it is; anything else as JSON. */
  readonly body: unknown;
  readonly contentType?: string;
}

export type DebugHandler = (request: DebugRequest) => DebugResponse | Promise<DebugResponse>;

/** `GET /debug/registryz`; `*` stands for one part of the path. */
export type DebugRoutes = Readonly<Record<string, DebugHandler>>;

export function found(body: unknown): DebugResponse {
  return { status: 200, body };
}

/** `error` says what happened and why, `hint` what to do. */
export function refused(status: number, error: string, hint?: string): DebugResponse {
  return { status, body: hint === undefined ? { error } : { error, hint } };
}
