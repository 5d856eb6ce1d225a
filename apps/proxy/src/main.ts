import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { releaseStartUpMemory, runProxy, runProxyWorker, type WorkerStart } from '@weft/proxy-server';

const err = (text: string): void => void process.stderr.write(text);

if (isMainThread || parentPort === null) {
  await runProxy(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err,
    onSignal: (signal, task) => process.on(signal, task),
    startWorker: (start) => new Worker(new URL(import.meta.url), { workerData: start, name: `worker_${start.index}` }),
    exit: (code) => process.exit(code),
  });
  releaseStartUpMemory();
} else runProxyWorker(workerData as WorkerStart, parentPort, { err });
