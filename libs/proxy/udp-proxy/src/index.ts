export { createUdpProxyFactory, type UdpAccessLogger, type UdpProxyExtensions } from './udp-proxy.ts';
export { supported as udpProxySupport, type UdpProxyConfig } from './config.decode.ts';
