import type { UpstreamConnectionFacts } from '@weft/core-http';
import { plain, withoutBlanks, type Operator } from './operator.ts';

/** What was tried. Envoy 1.40 forgets an attempt when it makes the next, so that this is the last one at most. */
function attempted(tell: (connection: UpstreamConnectionFacts) => string): Operator {
  return plain(({ info }) => info.upstreamConnection && tell(info.upstreamConnection));
}

/** Envoy knows how connections of requests are reset only after their lines are written. */
const NORMAL = 'Normal';

/** Where the request went. */
export const upstreamOperators: Readonly<Record<string, Operator>> = {
  UPSTREAM_DETECTED_CLOSE_TYPE: plain(({ info }) =>
    info.upstreamClose === undefined && info.upstreamHost === undefined
      ? undefined
      : (info.upstreamClose?.resetBy ?? NORMAL),
  ),
  UPSTREAM_LOCAL_CLOSE_REASON: plain(({ info }) => info.upstreamClose?.reason),
  UPSTREAM_HOST: plain(({ info }) => info.upstreamHost?.text),
  UPSTREAM_HOST_NAME: plain(({ info }) => info.upstreamHostName || info.upstreamHost?.text),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain(({ info }) => info.upstreamHostName || info.upstreamHost?.ip),
  UPSTREAM_HOSTS_ATTEMPTED: attempted(({ host }) => host.address.text),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: attempted(({ host }) => host.address.ip),
  UPSTREAM_HOST_NAMES_ATTEMPTED: attempted(({ host }) => host.hostname || host.address.text),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: attempted(({ host }) => host.hostname || host.address.ip),
  UPSTREAM_CONNECTION_ID: plain(({ info }) => info.upstreamConnection?.id ?? 0),
  UPSTREAM_CONNECTION_IDS_ATTEMPTED: attempted(({ id }) => String(id)),
  UPSTREAM_PROTOCOL: plain(({ info }) => info.upstreamConnection?.protocol || undefined),
  UPSTREAM_CLUSTER: plain(({ info }) => info.upstreamClusterStatName || info.upstreamCluster || undefined),
  UPSTREAM_CLUSTER_RAW: plain(({ info }) => info.upstreamCluster || undefined),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(({ info }) => withoutBlanks(info.upstreamTransportFailureReason)),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ info }) => info.attemptCount),
};
