// npm run fuzz: throws mutated inputs at the parsers of untrusted bytes. A crash, a broken promise, a hang or memory that
// grows without end is printed with the input that did it, and ends the run with 1.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { TARGETS } from './targets/index.ts';
import type { FuzzJob, FuzzResult } from './worker.ts';

const here = dirname(fileURLToPath(import.meta.url));
const names = TARGETS.map(({ name }) => name);
const USAGE = `Usage: npm run fuzz -- [--targets ${names.join(',')}] [--minutes N | --runs N] [--seed N] [--save]
Times and runs are for each target: --minutes 1 (the default) takes as many minutes as there are targets
--save adds the inputs that did something new to tools/fuzz/corpus`;
/** One input takes microseconds; a bootstrap takes milliseconds. */
const HANG_MS = 10_000;
const HEAP_LIMIT_MB = 1024;
const MAX_INPUT_BYTES = 1 << 16;

const values = readFlags();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
if (values.help) {
  say(USAGE);
  process.exit(0);
}
const wanted = values.targets.split(',');
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined) refuse(`no target "${unknown}"; there are ${names.join(', ')}`);
for (const name of ['minutes', 'runs', 'seed'] as const) {
  const value = values[name];
  if (value !== undefined && !(value.trim() !== '' && Number(value) >= 0 && Number(value) < Infinity))
    refuse(`--${name} ${value} is not a number`);
}
const milliseconds =
  values.minutes === undefined && values.runs !== undefined ? Infinity : Number(values.minutes ?? 1) * 60_000;
const runs = values.runs === undefined ? Infinity : Number(values.runs);
let failed = 0;
for (const target of wanted) if (!(await run(target))) failed += 1;
say(`${wanted.length - failed} of ${wanted.length} parsers kept their promises (seed ${values.seed})`);
process.exit(failed === 0 ? 0 : 1);

function readFlags() {
  try {
    return parseArgs({
      options: {
        targets: { type: 'string', default: names.join(',') },
        minutes: { type: 'string' },
        runs: { type: 'string' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        save: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function refuse(why: string): never {
  process.stderr.write(`fuzz: ${why}\n`);
  process.exit(2);
}

async function run(target: string): Promise<boolean> {
  const current = new SharedArrayBuffer(4 + MAX_INPUT_BYTES);
  const progress = new SharedArrayBuffer(8);
  const job: FuzzJob = {
    target,
    seed: Number(values.seed),
    runs,
    milliseconds,
    corpusFolder: join(here, 'corpus'),
    save: values.save,
    current,
    progress,
  };
  const worker = new Worker(join(here, 'worker.ts'), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MB },
  });
  const began = performance.now();
  const outcome = await watch(worker, progress);
  await worker.terminate();
  const seconds = (performance.now() - began) / 1000;
  if (typeof outcome !== 'string' && outcome.fault === undefined) {
    const rate = Math.round(outcome.runs / seconds);
    say(
      `${target.padEnd(14)} ${outcome.runs} inputs in ${seconds.toFixed(0)} s (${rate}/s), ${outcome.found} did something new, heap ${outcome.heapMb.toFixed(0)} MiB`,
    );
    return true;
  }
  const input =
    typeof outcome === 'string' || outcome.input === undefined
      ? inputOf(current)
      : Buffer.from(outcome.input, 'base64');
  const folder = join(here, 'findings');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${target}-${values.seed}.bin`);
  writeFileSync(file, input);
  say(
    `${target}: ${typeof outcome === 'string' ? outcome : outcome.fault}\n  input: ${file}\n  ${JSON.stringify(input.toString('latin1')).slice(0, 400)}`,
  );
  return false;
}

/** What came of it; a string when the thread hung or died. */
function watch(worker: Worker, progress: SharedArrayBuffer): Promise<FuzzResult | string> {
  const count = new Float64Array(progress);
  return new Promise((resolve) => {
    let last = -1;
    const heartbeat = setInterval(() => {
      if (count[0] === last) resolve(`hangs: one input took more than ${HANG_MS / 1000} s`);
      last = count[0] as number;
    }, HANG_MS);
    const over = (outcome: FuzzResult | string): void => {
      clearInterval(heartbeat);
      resolve(outcome);
    };
    worker.once('message', over);
    worker.once('error', (error) => over(`died: ${error.message}`));
  });
}

function inputOf(current: SharedArrayBuffer): Buffer {
  const [length = 0] = new Uint32Array(current, 0, 1);
  return Buffer.from(new Uint8Array(current, 4, length));
}
