import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import { portProtocol, type ProxyUpstream } from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';
import { httpFilter, tcpFilter } from './hcm.ts';
import { HTTP_PROTOCOLS, httpInspector, inspected } from './listener.ts';
import { BLACK_HOLE_CLUSTER } from './names.ts';
import { accessLogs, observed } from './observability.ts';
import { virtualHost } from './outbound-routes.ts';
import { make, type Init } from './proto.ts';
import { ANY_PATH } from './route-match.ts';

const UNAVAILABLE = 503;

/**
 * What stands at the port of an upstream that is not there, or that a Sidecar leaves out, so that the program hears why: requests are answered 503, other
 * connections are closed, which the access log tells. The service takes its place when it comes.
 */
export function absentUpstream(cx: TranslateContext, { host, port }: ProxyUpstream, fault: string): Init<Listener> {
  const name = `absent_${host}_${port}`;
  const closed = tcpFilter(name, [{ cluster: BLACK_HOLE_CLUSTER, weight: 1 }], { accessLog: accessLogs(cx) });
  // Numbers that never speak HTTP wait for no request.
  if (portProtocol({ number: port }) !== 'auto') return { filterChains: [{ filters: [closed] }] };
  const answered = httpFilter({
    direction: 'outbound',
    statPrefix: name,
    routes: answers(name, `${host}:${port} cannot be called: ${fault}. It can be as soon as that changes.\n`),
    observed: observed(cx),
    filters: [],
  });
  return {
    ...inspected([httpInspector()]),
    filterChains: [{ filterChainMatch: { applicationProtocols: [...HTTP_PROTOCOLS] }, filters: [answered] }],
    defaultFilterChain: { filters: [closed] },
  };
}

function answers(name: string, text: string): RouteConfiguration {
  return make<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', {
    name,
    validateClusters: false,
    virtualHosts: [
      virtualHost(
        name,
        ['*'],
        [
          {
            name,
            match: ANY_PATH,
            action: {
              case: 'directResponse',
              value: { status: UNAVAILABLE, body: { specifier: { case: 'inlineString', value: text } } },
            },
          },
        ],
      ),
    ],
  });
}
