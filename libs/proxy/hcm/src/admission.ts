import { ResponseFlag, type RequestHeaderMap } from '@weft/core-http';
import { applyPathRules } from '@weft/model-match';
import { isGrpc } from '@weft/model-route';
import type { LocalReply } from '@weft/proxy-filter-api';
import type { ActiveStream } from './active-stream.ts';
import { applyHostRules } from './host-rules.ts';
import type { RequestOrigin } from './request-head.ts';

/**
 * Refuses a request that no filter is to see, and makes host and path of all others what routes are compared with.
 * Undefined: it may go on. Source: the checks of Envoy's ConnectionManagerImpl::ActiveStream::decodeHeaders, in its order.
 */
export function admit(stream: ActiveStream, headers: RequestHeaderMap, origin: RequestOrigin): LocalReply | undefined {
  if (origin.rejectedWith !== 0) {
    stream.hcm.stats.rqRejectedViaIpDetection.inc();
    return { status: origin.rejectedWith, body: '', details: 'rejecting_because_detection_failed' };
  }
  return refuseByLoad(stream) ?? refuseByForm(stream, headers) ?? refuseUpgrade(stream, headers);
}

function refuseByLoad({ hcm }: ActiveStream): LocalReply | undefined {
  const { overload, stats } = hcm;
  if (overload === undefined) return undefined;
  const refused =
    overload.stopAcceptingRequests > 0
      ? overload.draw(overload.stopAcceptingRequests)
      : overload.shed('http_connection_manager_decode_headers');
  if (!refused) return undefined;
  stats.rqOverloadClose.inc();
  return { status: 503, body: 'envoy overloaded', details: 'overload', flags: ResponseFlag.OverloadManager };
}

function refuseByForm(stream: ActiveStream, headers: RequestHeaderMap): LocalReply | undefined {
  const { hcm, connection } = stream;
  const { stats, config } = hcm;
  if (headers.authority === '') return { status: 400, body: '', details: 'missing_host_header' };
  if (headers.path === '') {
    if (headers.method !== 'CONNECT') return { status: 404, body: '', details: 'missing_path_rejected' };
  } else if (headers.path.charCodeAt(0) !== 47) {
    stats.rqNonRelativePath.inc();
    return { status: 404, body: '', details: 'absolute_path_rejected' };
  }
  const verdict = applyPathRules(headers, config);
  // gRPC clients follow no redirects.
  if (verdict === 'refuse' || (verdict === 'redirect' && isGrpc(headers))) {
    stats.rqFailedPathNormalization.inc();
    return { status: 400, body: '', details: 'path_normalization_failed' };
  }
  if (verdict === 'redirect') {
    stats.rqRedirectedWithNormalizedPath.inc();
    return { status: 307, body: '', details: 'path_normalization_failed', headers: ['location', headers.path] };
  }
  applyHostRules(headers, config, connection.info.localAddress.port);
  return undefined;
}

function refuseUpgrade(stream: ActiveStream, headers: RequestHeaderMap): LocalReply | undefined {
  if (headers.protocol === '' && headers.method !== 'CONNECT') return undefined;
  const { hcm, info } = stream;
  const token = headers.protocol === '' ? 'connect' : headers.protocol.toLowerCase();
  const action = stream.route()?.route.action;
  const forward = action?.kind === 'forward' ? action : undefined;
  // Only a route that was made for it takes a CONNECT, which has no path.
  if (headers.method === 'CONNECT' && forward === undefined) {
    info.setFlag(ResponseFlag.NoRouteFound);
    return { status: 404, body: '', details: 'route_not_found' };
  }
  const allowed = forward?.upgrades.get(token)?.enabled ?? hcm.config.upgrades.get(token)?.enabled ?? false;
  if (!allowed) {
    hcm.stats.rqWsOnNonWsRoute.inc();
    return { status: 403, body: '', details: 'upgrade_failed' };
  }
  stream.acceptUpgrade(token);
  return undefined;
}
