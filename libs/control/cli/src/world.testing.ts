import { ConfigHistory, debugEndpoints, type DebugSource } from '@weft/control-debug';
import { testSource } from '@weft/control-debug/testing';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EXIT, type CliIo, type HttpReply, type HttpRequest } from './cli-io.ts';
import { VERBS } from './verbs.ts';

/** What a command line gave. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Answer = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

/** What the clock says. */
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Runs `weft …` against whatever answers its requests. */
export async function weft(
  command: string,
  answer: Answer,
  { confirm, demo }: Pick<CliIo, 'confirm' | 'demo'> = {},
): Promise<CliResult> {
  const [verb = '', ...args] = command.split(' ');
  let [stdout, stderr] = ['', ''];
  const io: CliIo = {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    http: async (request) => answer(request),
    wallMs: () => NOW_MS,
    ...(confirm === undefined ? {} : { confirm }),
    ...(demo === undefined ? {} : { demo }),
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
      const { status, body } = await handler({
        query: searchParams,
        parts: parts.slice(1),
        headers,
        peerAddress: '127.0.0.1',
      });
      return { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
    }
    return {
      status: 404,
      body: JSON.stringify({ error: `there is nothing at ${pathname}`, paths: Object.keys(routes) }),
    };
  };
}

/** A control plane that keeps two versions of one file. */
export function keptVersions(
  t: Pick<TestContext, 'after'>,
  texts: readonly [string, string],
): { readonly source: DebugSource; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weft-versions-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const configDir = join(folder, 'mesh');
  mkdirSync(configDir);
  const file = join(configDir, 'shop.yaml');
  let wallMs = Date.UTC(2026, 0, 2);
  const clock = { nowMs: () => 0, wallMs: () => wallMs };
  const history = ConfigHistory.open({ configDir, stateDir: join(folder, 'state'), clock });
  for (const text of texts) {
    wallMs += 60_000;
    writeFileSync(file, text);
    history.record();
  }
  wallMs += 60_000;
  return { source: testSource('proxies: []', { history }), file };
}
