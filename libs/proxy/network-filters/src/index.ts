export { readFilterFactories, terminalFilterFactories } from './registry.ts';
export { networkFilterSupport } from './support.ts';
export type { AccessLogger, NetworkFilterExtensions } from './access-logger.ts';
export { TCP_PROXY_CLUSTER } from './tcp-proxy/shared.ts';
