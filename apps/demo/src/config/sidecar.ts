import {
  cluster,
  httpListener,
  routeConfiguration,
  redisListener,
  typed,
  type Tracing,
  type YamlMap,
} from './parts.ts';

/** The cluster of a sidecar that is the service beside it. */
export const LOCAL_APP = 'local-app';

/** A call that the service makes through its sidecar. */
export type Outbound =
  | {
      readonly kind: 'http';
      readonly to: string;
      readonly listen: number;
      readonly port: number;
      readonly routes: string;
    }
  | {
      readonly kind: 'redis';
      readonly to: string;
      readonly listen: number;
      readonly port: number;
      readonly host: string;
    };

export interface Sidecar {
  /** Where the service itself listens. */
  readonly app: number;
  readonly inbound: number;
  readonly outbound: readonly Outbound[];
  readonly accessLog: string;
  readonly tracing: Tracing | undefined;
}

export function sidecarListeners({ inbound, outbound, accessLog, tracing }: Sidecar): YamlMap[] {
  const toApp = routeConfiguration('inbound', [{ match: { prefix: '/' }, route: { cluster: LOCAL_APP } }]);
  return [
    httpListener({
      name: 'inbound',
      port: inbound,
      direction: 'INBOUND',
      statPrefix: 'inbound',
      routes: { inline: toApp },
      accessLog,
      tracing,
    }),
    ...outbound.map((call) =>
      call.kind === 'redis'
        ? redisListener(`outbound-${call.to}`, call.listen, call.to)
        : httpListener({
            name: `outbound-${call.to}`,
            port: call.listen,
            direction: 'OUTBOUND',
            statPrefix: `outbound-${call.to}`,
            routes: { name: call.to, file: call.routes },
            accessLog,
            tracing,
          }),
    ),
  ];
}

export function sidecarClusters({ app, outbound }: Sidecar): YamlMap[] {
  return [
    cluster(LOCAL_APP, app),
    ...outbound.map((call) =>
      call.kind === 'redis'
        ? cluster(call.to, call.port, { host: call.host })
        : // The default lets three retries run at a time and fails the rest (upstream_rq_retry_overflow): too few here,
          // where every third call is repeated, as soon as a handful of pages load at once.
          cluster(call.to, call.port, { fields: { circuit_breakers: { thresholds: [{ max_retries: 1024 }] } } }),
    ),
  ];
}

/** The routes to a called service: the only file that the switch `retries` changes. */
export function outboundRoutes(to: string, retries: boolean): YamlMap[] {
  const route: YamlMap = { cluster: to, retry_policy: retries ? RETRY_POLICY : undefined };
  return [
    typed('envoy.config.route.v3.RouteConfiguration', routeConfiguration(to, [{ match: { prefix: '/' }, route }])),
  ];
}

/**
 * Ten more tries of two seconds each. `reset` is there for a caller whose peer has no sidecar: then a hang-up is a reset
 * and no 503. The pauses are short, because a page waits for nine such calls one after the other.
 */
const RETRY_POLICY: YamlMap = {
  retry_on: '5xx,reset,connect-failure,refused-stream',
  num_retries: 10,
  per_try_timeout: '2s',
  retry_back_off: { base_interval: '0.005s', max_interval: '0.050s' },
};
