export { tcpProxyFactory } from './tcp-proxy/tcp-proxy.ts';
export { supported as tcpProxySupport } from './tcp-proxy/config.decode.ts';
