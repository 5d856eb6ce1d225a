import { durationMs, type DestinationRuleTls } from '@weft/api-kube';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { HttpProtocolOptions } from '@weft/api-envoy/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { UpstreamTlsContext } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { isHttp2, type PortPolicy, type Protocol } from '@weft/control-mesh';
import { sds } from './config-source.ts';
import { credentialSecret } from './names.ts';
import { duration, durationOf, pack, type Init } from './proto.ts';
import { MESH_ALPN, meshTls, upstreamTls } from './tls-context.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** Cluster.LbPolicy by number. */
const LB_POLICY = { ROUND_ROBIN: 0, LEAST_REQUEST: 1, RANDOM: 3, CLUSTER_PROVIDED: 6 } as const;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** What a DestinationRule says of connections, breakers and balancing. */
export function policyFields(policy: PortPolicy, protocol: Protocol): Init<Cluster> {
  const tcp = policy.connectionPool?.tcp;
  const keepalive = durationMs(tcp?.tcpKeepalive?.time);
  const options = httpOptions(policy, protocol);
  const { seconds, nanos } = durationOf(tcp?.connectTimeout) ?? {
    seconds: BigInt(DEFAULT_CONNECT_TIMEOUT_MS / 1000),
    nanos: 0,
  };
  return {
    connectTimeout: { seconds: seconds ?? 0n, nanos: nanos ?? 0 },
    lbPolicy: lbPolicy(policy),
    circuitBreakers: { thresholds: [thresholds(policy)] },
    ...(options === undefined
      ? {}
      : { typedExtensionProtocolOptions: { [HTTP_OPTIONS]: pack(HTTP_OPTIONS, options) } }),
    ...(tcp?.tcpKeepalive === undefined
      ? {}
      : {
          upstreamConnectionOptions: {
            tcpKeepalive: keepalive === undefined ? {} : { keepaliveTime: Math.floor(keepalive / 1000) },
          },
        }),
  };
}

/** Where nobody says anything, least requests, as in Istio. */
function lbPolicy({ loadBalancer }: PortPolicy): number {
  switch (loadBalancer?.simple) {
    case 'ROUND_ROBIN':
      return LB_POLICY.ROUND_ROBIN;
    case 'RANDOM':
      return LB_POLICY.RANDOM;
    default:
      return LB_POLICY.LEAST_REQUEST;
  }
}

const NO_LIMIT = 0xffff_ffff;

/** Without a word there are no limits, as in Istio. */
function thresholds({
  connectionPool,
  retryBudget,
}: PortPolicy): NonNullable<NonNullable<Init<Cluster>['circuitBreakers']>['thresholds']>[number] {
  const { tcp, http } = connectionPool ?? {};
  return {
    maxConnections: tcp?.maxConnections ?? NO_LIMIT,
    maxPendingRequests: http?.http1MaxPendingRequests ?? NO_LIMIT,
    maxRequests: http?.http2MaxRequests ?? NO_LIMIT,
    maxRetries: http?.maxRetries ?? NO_LIMIT,
    trackRemaining: true,
    ...(retryBudget === undefined
      ? {}
      : {
          retryBudget: {
            budgetPercent: { value: retryBudget.percent ?? 20 },
            minRetryConcurrency: retryBudget.minRetryConcurrency ?? 3,
          },
        }),
  };
}

/** Undefined: HTTP/1.1 with nothing of its own to say. */
function httpOptions({ connectionPool }: PortPolicy, protocol: Protocol): Init<HttpProtocolOptions> | undefined {
  const http = connectionPool?.http;
  const idleTimeout = durationOf(http?.idleTimeout);
  const common = {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(http?.maxRequestsPerConnection ? { maxRequestsPerConnection: http.maxRequestsPerConnection } : {}),
  };
  const maxStreams = http?.maxConcurrentStreams;
  const keepAlive = http?.http2KeepAlive;
  const http2 = {
    ...(maxStreams ? { maxConcurrentStreams: maxStreams } : {}),
    ...(keepAlive === undefined ? {} : { connectionKeepalive: keepaliveOf(keepAlive) }),
  };
  const upgrade = http?.h2UpgradePolicy === 'UPGRADE' && protocol === 'http';
  const hasCommon = Object.keys(common).length > 0;
  const commonHttpProtocolOptions = hasCommon ? { commonHttpProtocolOptions: common } : {};
  if (http?.useClientProtocol === true || protocol === 'auto')
    return {
      ...commonHttpProtocolOptions,
      upstreamProtocolOptions: {
        case: 'useDownstreamProtocolConfig',
        value: { httpProtocolOptions: {}, http2ProtocolOptions: http2 },
      },
    };
  const two = isHttp2(protocol) || upgrade;
  if (!two && !hasCommon) return undefined;
  return {
    ...commonHttpProtocolOptions,
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: {
        protocolConfig: two
          ? { case: 'http2ProtocolOptions', value: http2 }
          : { case: 'httpProtocolOptions', value: {} },
      },
    },
  };
}

/** Istio has a default for neither, Envoy wants both. */
function keepaliveOf({ interval, timeout }: { readonly interval?: string; readonly timeout?: string }) {
  return { interval: durationOf(interval) ?? duration(30_000), timeout: durationOf(timeout) ?? duration(10_000) };
}

/** What is needed beside the rule to make a client's TLS. */
export interface UpstreamTlsQuestion {
  readonly sni: string;
  /** Of the endpoints; empty: any of the mesh. */
  readonly identities: readonly string[];
  readonly protocol: Protocol;
}

/** Mutual TLS inside the mesh. */
export function meshUpstreamTls({ sni, identities, protocol }: UpstreamTlsQuestion) {
  const alpn = isHttp2(protocol) ? [MESH_ALPN, 'h2'] : [MESH_ALPN];
  return upstreamTls({ sni, commonTlsContext: meshTls(identities, alpn) });
}

/** TLS that a DestinationRule asks for by SIMPLE or MUTUAL. */
export function ruleUpstreamTls(tls: DestinationRuleTls, { sni, identities, protocol }: UpstreamTlsQuestion) {
  const names = tls.subjectAltNames ?? identities;
  return upstreamTls({
    sni: tls.sni ?? sni,
    commonTlsContext: {
      alpnProtocols: isHttp2(protocol) ? ['h2'] : [],
      ...clientCertificate(tls),
      ...trust(tls, names),
    },
  });
}

type Common = NonNullable<Init<UpstreamTlsContext>['commonTlsContext']>;

function clientCertificate(
  tls: DestinationRuleTls,
): Pick<Common, 'tlsCertificates' | 'tlsCertificateSdsSecretConfigs'> {
  if (tls.mode !== 'MUTUAL') return {};
  if (tls.credentialName !== undefined)
    return { tlsCertificateSdsSecretConfigs: [sds(credentialSecret(tls.credentialName))] };
  return {
    tlsCertificates: [{ certificateChain: file(tls.clientCertificate), privateKey: file(tls.privateKey) }],
  };
}

const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt';
/** SubjectAltNameMatcher.SanType by number. */
const SAN_TYPES = { DNS: 2, URI: 3 } as const;

function trust(tls: DestinationRuleTls, names: readonly string[]): Pick<Common, 'validationContextType'> {
  if (tls.insecureSkipVerify === true) return {};
  const matchTypedSubjectAltNames = names.map((name) => ({
    sanType: name.includes('://') ? SAN_TYPES.URI : SAN_TYPES.DNS,
    matcher: { matchPattern: { case: 'exact' as const, value: name } },
  }));
  const crl = (tls.caCrl ?? '') === '' ? {} : { crl: file(tls.caCrl) };
  if (tls.credentialName !== undefined)
    return {
      validationContextType: {
        case: 'combinedValidationContext',
        value: {
          defaultValidationContext: { matchTypedSubjectAltNames },
          validationContextSdsSecretConfig: sds(`${credentialSecret(tls.credentialName)}-cacert`),
        },
      },
    };
  // Without a word the system's authorities are trusted, as in Istio since 1.24.
  const trustedCa = file(
    tls.caCertificates === undefined || ['', 'system'].includes(tls.caCertificates) ? SYSTEM_ROOTS : tls.caCertificates,
  );
  return {
    validationContextType: { case: 'validationContext', value: { trustedCa, matchTypedSubjectAltNames, ...crl } },
  };
}

function file(filename: string | undefined) {
  return { specifier: { case: 'filename' as const, value: filename ?? '' } };
}
