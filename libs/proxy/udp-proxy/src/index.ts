export type { UdpAccessLogger } from './shared.ts';
export { createUdpProxyFactory, type UdpProxyExtensions } from './udp-proxy.ts';
export { supported as udpProxySupport, type UdpProxyConfig } from './config.decode.ts';
