import { findControlPlane, hostNetwork, parseRunOptions, WorkloadRun, type RunOptions } from '@weft/agent-workload';
import { createRuntime } from '@weft/core-runtime';
import { fileURLToPath } from 'node:url';

const say = (line: string): void => void process.stderr.write(`weft run: ${line}\n`);

/** A process of its own, from the sources: apps do not import each other. */
const WEFT_PROXY = [
  '--conditions=@weft/source',
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('../../proxy/src/main.ts', import.meta.url)),
];

const parsed = parseRunOptions(process.argv.slice(2));
if (parsed.kind === 'help') process.stdout.write(parsed.text);
else if (parsed.kind === 'faults') {
  for (const fault of parsed.faults) say(fault);
  process.exitCode = 2;
} else process.exitCode = await start(parsed.options);

async function start(options: RunOptions): Promise<number> {
  const runtime = createRuntime(options.verbose ? 'info' : 'warning', (line) => process.stderr.write(line));
  try {
    const access = findControlPlane(options.controlPlane, options, runtime);
    const network = hostNetwork(options.address, access.secure);
    const proxy =
      options.envoy === undefined
        ? { command: process.execPath, args: WEFT_PROXY }
        : { command: options.envoy, args: [] };
    const run = new WorkloadRun({ options, access, network, runtime, env: process.env, proxy, say });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void run.end());
    return await run.run();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
