import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { releaseStartUpMemory, runProxy, runProxyWorker, type WorkerStart } from '@weft/proxy-server';

/** As a verb of `weft` it ends as the others do; on its own as Envoy does. */
const IS_VERB = new URL(import.meta.url).searchParams.has('verb');

const err = (text: string): void => void process.stderr.write(text);

if (isMainThread || parentPort === null) {
  await runProxy(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err,
    onSignal: (signal, task) => process.on(signal, task),
    startWorker: (start) => new Worker(new URL(import.meta.url), { workerData: start, name: `worker_${start.index}` }),
    ...(IS_VERB ? { misuseCode: 2 } : {}),
    exit: (code) => process.exit(code),
  });
  releaseStartUpMemory();
} else runProxyWorker(workerData as WorkerStart, parentPort, { err });
