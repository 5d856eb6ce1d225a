import { ENVOY_API_VERSION, followsFromUnread, formatFault, type Fault } from '@weft/api-envoy';
import type { Runtime } from '@weft/core-runtime';
import { StatsStore, SUMMED } from '@weft/observe-metrics';
import type { DataPlane } from './data-plane.ts';
import { HotRestart } from './hot-restart/hot-restart.ts';
import { HOT_RESTART_VERSION } from './hot-restart/messages.ts';
import { loadBootstrap, type LoadedBootstrap } from './load-bootstrap.ts';
import { flagsWithoutEffect, parseProxyOptions, proxyHelp, type ProxyOptions } from './options.ts';
import { ProxyProcess } from './proxy-process.ts';
import { createProxyRuntime } from './proxy-runtime.ts';
import { ProxyServer } from './proxy-server.ts';
import { versionString } from './version.ts';
import { socketsOf, type Sockets } from './sockets.ts';
import type { WorkerStart, WorkerThread } from './workers/worker-messages.ts';
import { WorkerPool } from './workers/worker-pool.ts';

/** What the process around the proxy offers. main.ts gives the real one. */
export interface ProcessHost {
  out(text: string): void;
  err(text: string): void;
  onSignal(signal: 'SIGTERM' | 'SIGINT' | 'SIGUSR1' | 'SIGHUP', task: () => void): void;
  /** Starts this program once more, as a thread that runs `runProxyWorker` with what it is given. */
  startWorker(start: WorkerStart): WorkerThread;
  /** What a command line that is wrong ends with. Default 1, as Envoy's. */
  readonly misuseCode?: number;
  /** Sets the exit code and ends the process. */
  exit(code: number): void;
}

/**
 * `weft proxy`: reads the flags and the bootstrap, says everything that is wrong with them at once, and serves until
 * SIGTERM or SIGINT. Resolves when the proxy serves, or has exited.
 */
export async function runProxy(args: readonly string[], host: ProcessHost): Promise<void> {
  const parsed = parseProxyOptions(args);
  if (parsed.kind === 'help') return done(host, proxyHelp());
  if (parsed.kind === 'version')
    return done(host, `weft proxy version: ${versionString()} (Envoy API ${ENVOY_API_VERSION})\n`);
  if (parsed.kind === 'hotRestartVersion') return done(host, `${HOT_RESTART_VERSION}\n`);
  if (parsed.kind === 'faults') {
    for (const fault of parsed.faults) host.err(`weft proxy: ${fault}\n`);
    host.err('Run weft proxy --help for the flags.\n');
    return host.exit(host.misuseCode ?? 1);
  }
  const { options } = parsed;
  const runtime = createProxyRuntime(options, host);
  const loaded = loadBootstrap(options);
  const { message, cx } = loaded;
  const ofForm = cx.faults.length;
  const store = new StatsStore(options.concurrency > 1 ? SUMMED : undefined);
  const sockets = socketsOf(options, runtime);
  const carries = options.concurrency === 1;
  const world = { options, runtime, store, sockets: sockets.ofFirstWorker, carries };
  const server = message === undefined ? undefined : ProxyServer.decode(message, cx, world);
  if (server === undefined || cx.faults.length > 0 || (options.strict && cx.warnings.length > 0))
    return refuse(loaded, ofForm, { options, host });
  if (options.mode === 'validate') {
    for (const warning of byLine(cx.warnings)) host.err(`warning: ${formatFault(warning)}\n`);
    const missing = cx.warnings.filter(({ refusedToServe }) => refusedToServe === true).length;
    // The verdict is Envoy's; whoever takes it for leave to start this proxy has to be told.
    if (missing > 0)
      host.err(
        `note: this is valid, and Weft cannot serve it yet: it lacks ${missing} of the parts (--strict refuses)\n`,
      );
    return done(host, `configuration '${nameOf(options)}' OK\n`);
  }
  for (const line of flagsWithoutEffect(args)) runtime.loggers.get('main').warning(line);
  for (const warning of byLine(cx.warnings)) runtime.loggers.get('config').warning(formatFault(warning));
  await serve(server, options, { host, runtime, sockets });
}

interface Around {
  readonly host: ProcessHost;
  readonly runtime: Runtime;
  readonly sockets: Sockets;
}

async function serve(view: ProxyServer, options: ProxyOptions, around: Around): Promise<void> {
  const { host, runtime, sockets } = around;
  const logger = runtime.loggers.get('main');
  let hotRestart: HotRestart | undefined;
  try {
    hotRestart = await sockets.begin();
  } catch (error) {
    logger.error(`The proxy cannot start: ${(error as Error).message}`);
    return host.exit(1);
  }
  const process = new ProxyProcess({ view, plane: planeOf(view, around), hotRestart });
  process.onExit = () => {
    logger.info('exiting');
    host.exit(0);
  };
  try {
    await process.start();
  } catch (error) {
    logger.error(`The proxy cannot start: ${(error as Error).message}`);
    await process.stop();
    return host.exit(1);
  }
  if (options.mode === 'init_only') {
    await process.stop();
    return done(host, `configuration '${nameOf(options)}' initialized\n`);
  }
  onSignals(process, host);
}

/** One event loop is this one; several are threads. */
function planeOf(view: ProxyServer, { host, runtime, sockets }: Around): DataPlane {
  if (view.options.concurrency === 1) return view;
  return new WorkerPool(view, {
    startWorker: (start) => host.startWorker(start),
    sockets: sockets.shared,
    onLost: (reason) => {
      runtime.loggers.get('main').error(reason);
      host.exit(1);
    },
  });
}

function onSignals(process: ProxyProcess, host: ProcessHost): void {
  const logger = process.runtime.loggers.get('main');
  let signals = 0;
  const end = (signal: string) => (): void => {
    signals += 1;
    if (signals > 1) {
      logger.warning(`${signal} again: requests in flight are cut off`);
      return host.exit(1);
    }
    logger.info(`${signal}: accepting no more connections, finishing requests in flight`);
    void process.shutdown();
  };
  host.onSignal('SIGTERM', end('SIGTERM'));
  host.onSignal('SIGINT', end('SIGINT'));
  host.onSignal('SIGUSR1', () => process.reopenLogs());
  // Envoy's SIGHUP asks for a hot restart; a shell that closes must not end the proxy either.
  host.onSignal('SIGHUP', () => undefined);
}

function refuse(loaded: LoadedBootstrap, ofForm: number, around: { options: ProxyOptions; host: ProcessHost }): void {
  const { options, host } = around;
  const { cx, unread, source } = loaded;
  // What breaks a rule of the API (the first `ofForm` faults) mostly makes no sense to the decoders either: told once.
  const told = new Set(cx.faults.slice(0, ofForm).map(({ path }) => path));
  const faults = cx.faults.filter(
    ({ path }, i) => i < unread.length || ((i < ofForm || !told.has(path)) && !followsFromUnread(path, unread, source)),
  );
  for (const fault of byLine(faults)) host.err(`error: ${formatFault(fault)}\n`);
  for (const warning of byLine(cx.warnings))
    host.err(`${options.strict ? 'error (--strict)' : 'warning'}: ${formatFault(warning)}\n`);
  const count = faults.length + (options.strict ? cx.warnings.length : 0);
  host.err(`configuration '${nameOf(options)}' refused: ${count} ${count === 1 ? 'fault' : 'faults'}\n`);
  host.exit(1);
}

/** As one reads the file; what has no line comes first. */
function byLine(faults: readonly Fault[]): Fault[] {
  const line = ({ position }: Fault): number => position?.line ?? 0;
  const column = ({ position }: Fault): number => position?.column ?? 0;
  return faults.toSorted((a, b) => line(a) - line(b) || column(a) - column(b));
}

function nameOf(options: ProxyOptions): string {
  return options.configPath === '' ? '--config-yaml' : options.configPath;
}

function done(host: ProcessHost, text: string): void {
  host.out(text);
  host.exit(0);
}
