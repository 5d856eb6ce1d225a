import type { StreamInfo, UpstreamConnectionFacts } from '@weft/core-http';
import type { Host } from '@weft/proxy-filter-api';

/** What logs tell of where an attempt goes. */
export function noteAttempt(info: StreamInfo, host: Host, connection: UpstreamConnectionFacts): void {
  info.upstreamHost = host.address;
  info.upstreamHostName = host.hostname;
  info.upstreamLocalAddress = connection.localAddress;
  info.upstreamSsl = connection.ssl;
  info.upstreamConnection = connection;
}

/** A request is about to be sent again: as in Envoy, logs tell of the last attempt only. */
export function forgetAttempt(info: StreamInfo): void {
  info.upstreamConnection = undefined;
  info.upstreamLocalAddress = undefined;
  info.upstreamSsl = undefined;
  info.firstUpstreamTxMs = -1;
  info.lastUpstreamTxMs = -1;
  info.firstUpstreamRxMs = -1;
}
