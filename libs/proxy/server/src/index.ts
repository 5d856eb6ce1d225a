export { runProxy, type ProcessHost } from './run-proxy.ts';
export { ProxyServer, type ProxyWorld } from './proxy-server.ts';
export { parseProxyOptions, proxyHelp, type ProxyOptions } from './options.ts';
export { loadBootstrap } from './load-bootstrap.ts';
