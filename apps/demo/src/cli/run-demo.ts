import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { getStatus, postSettings, postStop } from '../control/control-client.ts';
import { runMeasure } from '../measure/run-measure.ts';
import { readRunState, type RunState } from '../run-state.ts';
import { RunningDemo } from '../running-demo.ts';
import { settingsText, type Settings } from '../settings.ts';
import { demoHelp } from './help.ts';
import { parseCommand, type StartOptions } from './options.ts';
import { startText, statusText } from './status-text.ts';

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const err = (line: string): void => void process.stderr.write(`${line}\n`);

/** `weft demo …`: resolves when the command is done, for `start` when the demo has ended. Sets the exit code. */
export async function runDemo(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const command = parseCommand(args, env);
  try {
    switch (command.verb) {
      case 'help':
        return out(demoHelp());
      case 'wrong':
        for (const fault of command.faults) err(`weft demo: ${fault}`);
        err('Run weft demo --help for the commands.');
        process.exitCode = 2;
        return;
      case 'start':
        return await start(command, env);
      case 'set':
        return await set(running(command.stateDir), command.changes);
      case 'status': {
        const status = await getStatus(running(command.stateDir));
        return out(command.json ? JSON.stringify(status, null, 2) : statusText(status));
      }
      case 'measure':
        return await runMeasure(running(command.stateDir), command, out);
      case 'stop':
        return await stop(running(command.stateDir), command.stateDir);
    }
  } catch (error) {
    err(`weft demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function running(stateDir: string): RunState {
  const state = readRunState(stateDir);
  if (state === undefined) throw new Error(`no demo runs (nothing in ${stateDir}): start one with npm start`);
  return state;
}

async function start(options: StartOptions, env: NodeJS.ProcessEnv): Promise<void> {
  const other = readRunState(options.stateDir);
  if (other !== undefined)
    throw new Error(
      `a demo runs already, as process ${other.pid}: ${other.gateway}/home/. npx weft demo stop ends it.`,
    );
  const startedMs = performance.now();
  const { promise: ended, resolve: end } = Promise.withResolvers<{ reason: string; exitCode: number }>();
  const demo = await RunningDemo.prepare(
    options,
    { say: out, end: (reason, exitCode) => end({ reason, exitCode }) },
    env,
  );
  // Before anything is started, so that an early Ctrl-C leaves nothing behind either.
  onSignals((signal) => end({ reason: signal, exitCode: 0 }));
  out('Starting the video catalog and its mesh…');
  const started = demo.start().then(() => announce(demo, options, performance.now() - startedMs));
  started.catch((error: unknown) =>
    end({ reason: error instanceof Error ? error.message : String(error), exitCode: 1 }),
  );
  const { reason, exitCode } = await ended;
  if (exitCode === 0) out(`\n${reason}: ending everything…`);
  else err(`weft demo: ${reason}`);
  await demo.stop();
  out('Nothing is left running.');
  process.exit(exitCode);
}

/** Ctrl-C reaches every process of the terminal's group, and npm and run.mjs pass it on once more: that is one wish. */
const ONE_WISH_MS = 1_000;

function onSignals(end: (signal: NodeJS.Signals) => void): void {
  let firstMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      const nowMs = performance.now();
      // A later one is impatience: the watchman ends what is left.
      if (firstMs !== undefined && nowMs - firstMs > ONE_WISH_MS) process.exit(1);
      firstMs ??= nowMs;
      end(signal);
    });
}

function announce(demo: RunningDemo, { open }: StartOptions, tookMs: number): void {
  const status = demo.status();
  out(startText(status, tookMs));
  if (open) openBrowser(status.page);
}

function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command as string, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => out(`There is no ${command} to open a browser with; the page is at ${address}`));
  child.unref();
}

async function set(state: RunState, changes: Partial<Settings>): Promise<void> {
  const { settings, remarks, changed, documents, tookMs } = await postSettings(state, changes);
  out(settingsText(settings));
  for (const remark of remarks) out(remark);
  out(changed.length === 0 ? 'Nothing had to change.' : `In force after ${tookMs} ms: ${changed.join(', ')}.`);
  if (documents.length > 0) out(`Documents of the mesh: ${documents.join(', ')}.`);
}

const STOPPED_WITHIN_MS = 30_000;

async function stop(state: RunState, stateDir: string): Promise<void> {
  await postStop(state);
  const deadline = performance.now() + STOPPED_WITHIN_MS;
  while (readRunState(stateDir) !== undefined) {
    if (performance.now() > deadline)
      throw new Error(`the demo (process ${state.pid}) has not ended within ${STOPPED_WITHIN_MS / 1000} s`);
    await pause(50);
  }
  out('The demo has ended.');
}
