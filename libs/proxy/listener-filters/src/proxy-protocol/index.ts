export { proxyProtocolFactory } from './proxy-protocol.ts';
export { proxyProtocolSupport } from './config.decode.ts';
export { parseProxyHeader, type ProxyHeader, type ProxyHeaderResult, type ProxyTlv } from './parse-proxy-header.ts';
