import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstLineOf, freePort, inCache, startProcess, WORKSPACE, type RunningProcess } from '@weft/testing-harness';

const run = promisify(execFile);
const VERSION = '3.5.1';

/** One span as Zipkin's API gives it back. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind: 'CLIENT' | 'SERVER';
  readonly shared?: boolean;
  readonly name: string;
  readonly localEndpoint: { readonly serviceName: string };
  readonly remoteEndpoint?: { readonly serviceName?: string; readonly ipv4?: string; readonly port?: number };
  readonly tags: Readonly<Record<string, string>>;
}

/** An edge of Zipkin's dependency graph. */
export interface ZipkinDependency {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount?: number;
}

export interface ZipkinServer {
  readonly url: string;
  /** Those that a service has a part in. */
  traces(serviceName: string): Promise<ZipkinSpan[][]>;
  dependencies(): Promise<ZipkinDependency[]>;
  stop(): Promise<void>;
}

/** A real Zipkin from Maven, kept in the workspace's cache, on a port of its own and with its memory as store. */
export async function startZipkin(): Promise<ZipkinServer> {
  const port = await freePort();
  const server: RunningProcess = await startProcess({
    command: 'java',
    args: ['-Xmx300m', '-jar', await zipkinJar()],
    env: { QUERY_PORT: String(port), STORAGE_TYPE: 'mem', SELF_TRACING_ENABLED: 'false' },
    ready: /Serving HTTP at/,
    readyWithinMs: 90_000,
  });
  const url = `http://127.0.0.1:${port}`;
  const read = async <T>(path: string): Promise<T> => (await (await fetch(`${url}/api/v2/${path}`)).json()) as T;
  return {
    url,
    traces: (serviceName) => read(`traces?serviceName=${serviceName}&limit=100`),
    dependencies: () => read(`dependencies?endTs=${Date.now()}&lookback=3600000`),
    stop: async () => {
      await server.stop();
    },
  };
}

/** Zipkin's own archive, from Maven into the workspace's cache (once). */
function zipkinJar(): Promise<string> {
  const name = `zipkin-server-${VERSION}-exec.jar`;
  const artifact = `io.zipkin:zipkin-server:${VERSION}:jar:exec`;
  return inCache(join(WORKSPACE, '.cache/zipkin', name), async (draft) => {
    await maven('dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false');
    await maven('dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${draft}`);
    return join(draft, name);
  });
}

async function maven(...args: string[]): Promise<void> {
  try {
    await run('mvn', ['-q', '-B', ...args]);
  } catch (error) {
    const reason = `Zipkin ${VERSION} cannot be had from Maven (mvn and Java 17 are needed): ${firstLineOf(error)}`;
    throw new Error(reason, { cause: error });
  }
}
