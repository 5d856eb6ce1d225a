import { CliError, EXIT, type CliIo, type HttpReply, type HttpRequest } from './cli-io.ts';
import type { CommandLine, OptionSpec } from './command-line.ts';

export const CONTROL_PLANE_OPTION: OptionSpec = {
  value: 'URL',
  help: "the control plane's debug port",
  otherwise: 'http://127.0.0.1:8080',
};

const CONTROL_PLANE = 'the control plane';

/** Asks one HTTP server, and says in words why it did not answer. */
export class HttpClient {
  private readonly io: CliIo;
  private readonly base: string;
  private readonly who: string;

  /** `who`: `the control plane`, with the question that comes first when nobody answers. */
  constructor(io: CliIo, base: string, who: string) {
    this.io = io;
    this.base = base.replace(/\/+$/, '');
    this.who = who;
    if (!/^https?:\/\/[^/]+/.test(this.base))
      throw new CliError(`"${base}" is no URL of ${who}`, EXIT.misuse, 'write http://ADDRESS:PORT');
  }

  async get<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.ask<T>({ method: 'GET', url: this.url(path, query) });
  }

  async post<T>(
    path: string,
    headers: Readonly<Record<string, string>>,
    query: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    return this.ask<T>({ method: 'POST', url: this.url(path, query), headers });
  }

  private url(path: string, query: Readonly<Record<string, string>>): string {
    const text = new URLSearchParams(query).toString();
    return `${this.base}${path}${text === '' ? '' : `?${text}`}`;
  }

  private async ask<T>(request: HttpRequest): Promise<T> {
    const reply = await this.reply(request);
    const json = parse(reply.body);
    if (reply.status === 200 && json !== undefined) return json as T;
    const { error, hint } = (json ?? {}) as { readonly error?: string; readonly hint?: string };
    if (error === undefined || reply.status >= 500)
      throw new CliError(
        `${this.who} at ${this.base} answered ${reply.status}${error === undefined ? ' with something that is no JSON of ours' : `: ${error}`}`,
        EXIT.unanswered,
        hint ?? this.demoHint() ?? 'is something else listening there?',
      );
    // A path that it lacks: an older control plane, or another program.
    if ('paths' in (json as object))
      throw new CliError(error, EXIT.unanswered, `is ${this.base} a control plane of this version?`);
    throw new CliError(error, EXIT.no, hint);
  }

  private async reply(request: HttpRequest): Promise<HttpReply> {
    try {
      return await this.io.http(request);
    } catch (error) {
      const code = codeOf(error);
      const why = REASONS[code] ?? (code === '' ? (error as Error).message : code);
      throw new CliError(`cannot reach ${this.who} at ${this.base}: ${why}`, EXIT.unanswered, this.advice(code));
    }
  }

  private demoHint(): string | undefined {
    const demo = this.who === CONTROL_PLANE ? this.io.demo?.() : undefined;
    return demo === undefined || demo === this.base
      ? undefined
      : `the demo that runs here has its own: --control-plane ${demo}`;
  }

  private advice(code: string): string {
    const option = this.who === CONTROL_PLANE ? '--control-plane' : '--admin';
    if (code === 'ENOTFOUND') return `is the name right? ${option} http://ADDRESS:PORT takes another`;
    const demo = this.demoHint();
    if (demo !== undefined) return demo;
    const start = option === '--admin' ? '' : '; weft control-plane --config-dir DIR starts one';
    return `is ${this.who} running? ${option} URL asks another${start}`;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  ENOTFOUND: 'there is no host of that name',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_SOCKET: 'the connection was closed, or it speaks another protocol',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP/1',
};

function codeOf(error: unknown): string {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function controlPlane(io: CliIo, line: CommandLine): HttpClient {
  return new HttpClient(io, line.text('control-plane'), CONTROL_PLANE);
}
