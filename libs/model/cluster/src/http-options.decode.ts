import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type {
  Http1ProtocolOptions,
  HttpProtocolOptions as CommonOptions,
  UpstreamHttpProtocolOptions,
} from '@weft/api-envoy/gen/envoy/config/core/v3/protocol_pb';
import type { HttpProtocolOptions } from '@weft/api-envoy/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import { durationMs } from '@weft/model-policy';
import type { UpstreamHttpOptions } from './cluster.ts';

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export const httpOptionsSupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': [
    'typed_extension_protocol_options', 'common_http_protocol_options', 'http_protocol_options', 'http2_protocol_options',
    'upstream_http_protocol_options', 'max_requests_per_connection', 'protocol_selection',
  ],
  [OPTIONS]: [
    'common_http_protocol_options', 'upstream_http_protocol_options', 'explicit_http_config', 'use_downstream_protocol_config',
    'auto_config',
  ],
  [`${OPTIONS}.ExplicitHttpConfig`]: ['http_protocol_options', 'http2_protocol_options'],
  [`${OPTIONS}.UseDownstreamHttpConfig`]: ['http_protocol_options', 'http2_protocol_options'],
  [`${OPTIONS}.AutoHttpConfig`]: ['http_protocol_options', 'http2_protocol_options'],
  'envoy.config.core.v3.HttpProtocolOptions': [
    'idle_timeout', 'max_connection_duration', 'max_headers_count', 'max_response_headers_kb', 'max_requests_per_connection',
  ],
  // What a listener's HTTP/1.1 allows of requests says nothing of an upstream's responses.
  'envoy.config.core.v3.Http1ProtocolOptions': ['allow_absolute_url', 'accept_http_10', 'enable_trailers'],
  'envoy.config.core.v3.UpstreamHttpProtocolOptions': ['auto_sni', 'auto_san_validation'],
}; // prettier-ignore

/** HTTP towards upstreams, and what of it concerns TLS. */
export interface DecodedHttpOptions {
  readonly http: UpstreamHttpOptions;
  /** SNI and certificate name come from the request's host. */
  readonly autoSni: boolean;
  readonly autoSanValidation: boolean;
}

/** The cluster's HTTP options: the typed ones, or the deprecated fields of the cluster itself. */
export function decodeHttpOptions(message: Cluster, cx: DecodeContext): DecodedHttpOptions {
  const options = unpackOptions(message, cx);
  const place = options === undefined ? cx : cx.at('typed_extension_protocol_options', OPTIONS);
  if (options === undefined) {
    warnOfHttp2(message.http2ProtocolOptions !== undefined, cx.at('http2_protocol_options'));
    return {
      http: httpOptions(message.commonHttpProtocolOptions, message.httpProtocolOptions, message),
      ...sniOptions(message.upstreamHttpProtocolOptions),
    };
  }
  const { case: kind, value } = options.upstreamProtocolOptions;
  let http1: Http1ProtocolOptions | undefined;
  if (kind === 'explicitHttpConfig') {
    const { case: protocol, value: chosen } = value.protocolConfig;
    if (protocol === 'httpProtocolOptions') http1 = chosen;
    warnOfHttp2(protocol === 'http2ProtocolOptions', place.at('explicit_http_config', 'http2_protocol_options'));
    if (protocol === 'http3ProtocolOptions') place.at('explicit_http_config', 'http3_protocol_options').later('HTTP/3');
  } else if (kind === undefined) {
    place.error('names no protocol', { expected: 'explicit_http_config' });
  } else {
    const field = kind === 'autoConfig' ? 'auto_config' : 'use_downstream_protocol_config';
    http1 = value.httpProtocolOptions;
    warnOfHttp2(value.http2ProtocolOptions !== undefined, place.at(field, 'http2_protocol_options'));
  }
  return {
    http: httpOptions(options.commonHttpProtocolOptions, http1, message),
    ...sniOptions(options.upstreamHttpProtocolOptions),
  };
}

function unpackOptions(message: Cluster, cx: DecodeContext): HttpProtocolOptions | undefined {
  let found: Message | undefined;
  for (const [name, any] of Object.entries(message.typedExtensionProtocolOptions)) {
    const place = cx.at('typed_extension_protocol_options', name);
    if (name === OPTIONS) found = place.unpack(any, OPTIONS);
    else
      place.warn(`"${name}" is known to Envoy and not implemented by Weft yet: it has no effect`, {
        expected: OPTIONS,
      });
  }
  return found as HttpProtocolOptions | undefined;
}

function warnOfHttp2(set: boolean, cx: DecodeContext): void {
  if (set) cx.warn('HTTP/2 to upstreams comes later: this cluster speaks HTTP/1.1 until then');
}

function httpOptions(
  common: CommonOptions | undefined,
  http1: Http1ProtocolOptions | undefined,
  cluster: Cluster,
): UpstreamHttpOptions {
  return {
    idleTimeoutMs: durationMs(common?.idleTimeout, 3_600_000),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0,
    maxHeadersCount: common?.maxHeadersCount ?? 100,
    maxResponseHeadersKb: common?.maxResponseHeadersKb ?? 60,
    enableTrailers: http1?.enableTrailers ?? false,
  };
}

function sniOptions(options: UpstreamHttpProtocolOptions | undefined): {
  autoSni: boolean;
  autoSanValidation: boolean;
} {
  return { autoSni: options?.autoSni ?? false, autoSanValidation: options?.autoSanValidation ?? false };
}
