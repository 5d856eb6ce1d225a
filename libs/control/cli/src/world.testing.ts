import { ConfigHistory, debugEndpoints, type DebugSource } from '@weft/control-debug';
import { EXIT, type CliIo, type HttpReply, type HttpRequest } from './cli-io.ts';
import { VERBS } from './verbs.ts';

/** What a command line gave. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Answer = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

/** Runs `weft …` against whatever answers its requests. */
export async function weft(command: string, answer: Answer, confirm?: CliIo['confirm']): Promise<CliResult> {
  const [verb = '', ...args] = command.split(' ');
  let [stdout, stderr] = ['', ''];
  const io: CliIo = {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    http: async (request) => answer(request),
    ...(confirm === undefined ? {} : { confirm }),
  };
  const exitCode = (await VERBS[verb]?.run(args, io)) ?? EXIT.misuse;
  return { exitCode, stdout, stderr };
}

/** The debug port of a source, without a socket. `also` are other paths: a proxy's admin server. */
export function debugPort(source: DebugSource, also: Readonly<Record<string, unknown>> = {}): Answer {
  const routes = debugEndpoints(source);
  return async ({ method, url, headers = {} }) => {
    const { pathname, searchParams } = new URL(url);
    const other = also[pathname];
    if (other !== undefined) return { status: 200, body: JSON.stringify(other) };
    for (const [pattern, handler] of Object.entries(routes)) {
      const parts = new RegExp(`^${pattern.replaceAll('*', '([^/]+)')}$`).exec(`${method} ${pathname}`);
      if (parts === null) continue;
      const { status, body } = await handler({ query: searchParams, parts: parts.slice(1), headers });
      return { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
    }
    return {
      status: 404,
      body: JSON.stringify({ error: `there is nothing at ${pathname}`, paths: Object.keys(routes) }),
    };
  };
}

export { ConfigHistory };
