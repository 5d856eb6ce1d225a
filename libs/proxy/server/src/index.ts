export { runProxy, type ProcessHost } from './run-proxy.ts';
export { runProxyWorker } from './workers/run-worker.ts';
export type { WorkerStart, WorkerThread } from './workers/worker-messages.ts';
export { ProxyServer } from './proxy-server.ts';
export type { ProxyWorld } from './proxy-world.ts';
export { ProxyProcess } from './proxy-process.ts';
export { parseProxyOptions, proxyHelp, type ProxyOptions } from './options.ts';
export { loadBootstrap } from './load-bootstrap.ts';
export { releaseStartUpMemory } from './start-up-memory.ts';
