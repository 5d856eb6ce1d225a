// One target, in a thread of its own: the main thread sees when it hangs, and with which input.
import { parentPort, workerData } from 'node:worker_threads';
import { CorpusFile } from './corpus-file.ts';
import { mutated } from './mutate.ts';
import { Prng } from './random.ts';
import { TARGETS } from './targets/index.ts';
import type { FuzzTarget } from './target.ts';

/** What the main thread gives. */
export interface FuzzJob {
  readonly target: string;
  readonly seed: number;
  /** Ends after so many inputs, or so much time, whichever comes first. */
  readonly runs: number;
  readonly milliseconds: number;
  readonly corpusFolder: string;
  readonly save: boolean;
  /** The input under way: its length in the first four bytes. */
  readonly current: SharedArrayBuffer;
  /** How many inputs were run. */
  readonly progress: SharedArrayBuffer;
}

export interface FuzzResult {
  readonly runs: number;
  readonly corpus: number;
  readonly found: number;
  readonly heapMb: number;
  /** Set when a promise was broken. */
  readonly fault?: string;
  readonly input?: string;
}

const SAVED_AT_MOST = 120;
const SAVED_BYTES = 600;
const CORPUS_LIMIT = 4000;
const RUNS_PER_TURN = 1000;

const job = workerData as FuzzJob;
parentPort?.postMessage(await fuzz(TARGETS.find(({ name }) => name === job.target) as FuzzTarget));

async function fuzz(target: FuzzTarget): Promise<FuzzResult> {
  const random = new Prng(job.seed);
  const file = new CorpusFile(job.corpusFolder, target.name);
  const [length, bytes] = [new Uint32Array(job.current, 0, 1), new Uint8Array(job.current, 4)];
  const progress = new Float64Array(job.progress);
  const seen = new Set<string>();
  const corpus: Buffer[] = [];
  let found = 0;
  let runs = 0;
  const attempt = (input: Buffer): FuzzResult | undefined => {
    bytes.set(input.subarray(0, bytes.length));
    length[0] = Math.min(input.length, bytes.length);
    try {
      const signature = target.run(input, random);
      if (seen.size < CORPUS_LIMIT && !seen.has(signature)) {
        seen.add(signature);
        corpus.push(Buffer.from(input));
        found += 1;
      }
    } catch (error) {
      const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { runs, corpus: corpus.length, found, heapMb: 0, fault, input: input.toString('base64') };
    }
    runs += 1;
    progress[0] = runs;
    return undefined;
  };
  const known = [...target.seeds, ...file.read()];
  for (const input of known) {
    const broken = attempt(input);
    if (broken !== undefined) return broken;
  }
  found = 0;
  const end = performance.now() + job.milliseconds;
  while (runs < job.runs && performance.now() < end) {
    const broken = attempt(mutated(target, corpus, random));
    if (broken !== undefined) return broken;
    // Codecs leave work for the end of the turn, which has to come for what that work holds to go.
    if (runs % RUNS_PER_TURN === 0) await nextTurn();
  }
  if (job.save) file.write(corpus.filter(({ length: size }) => size <= SAVED_BYTES).slice(0, SAVED_AT_MOST));
  return { runs, corpus: corpus.length, found, heapMb: process.memoryUsage().heapUsed / 2 ** 20 };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
