import {
  INSIDE,
  WorkloadRun,
  findControlPlane,
  hostNetwork,
  insideOf,
  parseRunOptions,
  removeAbandoned,
  removeStaleFolders,
  runCaptured,
  type ControlPlaneAccess,
  type RunOptions,
} from '@weft/agent-workload';
import { createRuntime, type Runtime } from '@weft/core-runtime';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const FROM_SOURCES = ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning'];
const args = process.argv.slice(2);
const { [INSIDE]: inside, ...env } = process.env;

function say(line: string): void {
  process.stderr.write(`weft run: ${line}\n`);
}

async function main(): Promise<number> {
  if (args.length === 1 && args[0] === '--clean-up') {
    const names = [...(await removeAbandoned()), ...removeStaleFolders()];
    say(names.length === 0 ? 'nothing is left over' : `removed ${names.join(', ')}`);
    return 0;
  }
  const parsed = parseRunOptions(args);
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text);
    return 0;
  }
  if (parsed.kind === 'faults') {
    for (const fault of parsed.faults) say(fault);
    return 2;
  }
  try {
    return await start(parsed.options);
  } catch (error) {
    for (const line of (error instanceof Error ? error.message : String(error)).split('\n')) say(line);
    return 1;
  }
}

async function start(options: RunOptions): Promise<number> {
  const runtime = createRuntime(options.verbose ? 'info' : 'warning', (line) => process.stderr.write(line));
  const access = findControlPlane(options.controlPlane, options, runtime);
  if (options.issueToken) {
    process.stdout.write(`${access.token() ?? ''}\n`);
    return 0;
  }
  removeStaleFolders();
  if (!options.capture || inside !== undefined) return runHere(options, access, runtime);
  const again = { command: process.execPath, args: [...FROM_SOURCES, fileURLToPath(import.meta.url), ...args] };
  const onSignal = (forward: (signal: NodeJS.Signals) => void): void => {
    for (const signal of SIGNALS) process.on(signal, () => forward(signal));
  };
  return runCaptured({ options, access, again, env, onSignal });
}

async function runHere(options: RunOptions, access: ControlPlaneAccess, runtime: Runtime): Promise<number> {
  const place = insideOf(inside, access) ?? { access, network: hostNetwork(options.address, access.secure) };
  // A process of its own, from sources or a bundle as we are: apps do not import each other.
  const main = `../../proxy/src/main${extname(import.meta.url)}`;
  const ours = [...FROM_SOURCES, fileURLToPath(new URL(main, import.meta.url))];
  const proxy =
    options.envoy === undefined ? { command: process.execPath, args: ours } : { command: options.envoy, args: [] };
  const run = new WorkloadRun({ ...place, options, runtime, env, proxy, say });
  for (const signal of SIGNALS) process.on(signal, () => void run.end());
  return run.run();
}

// Whoever read what we say may be gone: that is no reason to leave a program without its workload.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await main();
