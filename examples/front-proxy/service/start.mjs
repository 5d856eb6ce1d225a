// One container is a service and its own proxy, as in the tutorial. Ends when one of the two ends.
import { spawn } from 'node:child_process';

const children = [
  ['/app/service.mjs'],
  [
    '--enable-source-maps',
    '--no-parallel-scavenge',
    '--invocation-count-for-turbofan=50000',
    '--incremental-marking-soft-trigger=20',
    '--incremental-marking-hard-trigger=10',
    '/weft/bin/main.js',
    '-c',
    '/etc/service-envoy.yaml',
    '--service-cluster',
    `service${process.env.SERVICE_NAME}`,
  ],
].map((args) => spawn(process.execPath, args, { stdio: 'inherit' }));
const end = (code) => {
  for (const child of children) child.kill('SIGTERM');
  process.exitCode = code;
};
for (const child of children) child.once('exit', (code) => end(code ?? 0));
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => end(0));
