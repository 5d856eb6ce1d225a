import type { AccessLogType } from '@weft/core-http';

/** Numbers of the moments at which lines are written. Source: envoy.data.accesslog.v3.AccessLogType. */
export const LOG_TYPES: Readonly<Record<AccessLogType, number>> = {
  NotSet: 0,
  TcpUpstreamConnected: 1,
  TcpPeriodic: 2,
  TcpConnectionEnd: 3,
  TcpConnectionStart: 14,
  DownstreamStart: 4,
  DownstreamPeriodic: 5,
  DownstreamEnd: 6,
  DownstreamTunnelSuccessfullyEstablished: 10,
  UdpTunnelUpstreamConnected: 11,
  UdpPeriodic: 12,
  UdpSessionEnd: 13,
};
