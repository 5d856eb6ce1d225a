import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startProcess, WORKSPACE, type RunningProcess } from '@weft/testing-harness';

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
    args: ['-Xmx300m', '-jar', zipkinJar()],
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

function zipkinJar(): string {
  const folder = join(WORKSPACE, '.cache/zipkin');
  const jar = join(folder, `zipkin-server-${VERSION}-exec.jar`);
  if (existsSync(jar)) return jar;
  mkdirSync(folder, { recursive: true });
  const maven = (...args: string[]): void => {
    const { status, stdout, error } = spawnSync('mvn', ['-q', '-B', ...args], { encoding: 'utf8' });
    if (status !== 0)
      throw new Error(
        `Zipkin ${VERSION} cannot be had from Maven (mvn and Java 17 are needed): ${error?.message ?? stdout}`,
      );
  };
  const artifact = `io.zipkin:zipkin-server:${VERSION}:jar:exec`;
  maven('dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false');
  maven('dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`);
  return jar;
}
