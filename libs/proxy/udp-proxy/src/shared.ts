import { RequestHeaderMap, type StreamInfo } from '@weft/core-http';
import type { connectDatagrams } from '@weft/net-udp';
import type { ServerContext } from '@weft/proxy-filter-api';
import type { UdpProxyConfig } from './config.decode.ts';
import type { UdpProxyStats } from './stats.ts';

/** Writes a line for what it is given, where its filter lets it pass. */
export interface UdpAccessLogger {
  log(info: StreamInfo, request: RequestHeaderMap, response: undefined): void;
}

/** What all sessions of one udp_proxy share. */
export interface UdpProxyShared {
  readonly config: UdpProxyConfig;
  readonly server: ServerContext;
  readonly stats: UdpProxyStats;
  readonly connect: typeof connectDatagrams;
  readonly accessLogs: readonly UdpAccessLogger[];
  readonly proxyAccessLogs: readonly UdpAccessLogger[];
}

const NO_HEADERS = new RequestHeaderMap('', '', '');

export function logUdp(logs: readonly UdpAccessLogger[], info: StreamInfo, type: StreamInfo['accessLogType']): void {
  info.accessLogType = type;
  for (const log of logs) log.log(info, NO_HEADERS, undefined);
}
