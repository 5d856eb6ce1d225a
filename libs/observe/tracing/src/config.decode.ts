import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Percent } from '@weft/api-envoy/gen/envoy/type/v3/percent_pb';
import type { Tracing_Http } from '@weft/api-envoy/gen/envoy/config/trace/v3/http_tracer_pb';
import type { ZipkinConfig as ZipkinMessage } from '@weft/api-envoy/gen/envoy/config/trace/v3/zipkin_pb';
import type { HttpConnectionManager_Tracing } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { CustomTag as CustomTagMessage } from '@weft/api-envoy/gen/envoy/type/tracing/v3/custom_tag_pb';
import type { FractionalPercent } from '@weft/core-runtime';
import type { CustomTag, TracingConfig, ZipkinConfig } from './config.ts';

const TRACING = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing';
const ZIPKIN = 'envoy.config.trace.v3.ZipkinConfig';
const CUSTOM_TAG = 'envoy.type.tracing.v3.CustomTag';

/** What is read here; the rest of these messages is reported by name. */
export const tracingSupport: FieldSupport = {
  [TRACING]: [
    'client_sampling',
    'random_sampling',
    'overall_sampling',
    'verbose',
    'max_path_tag_length',
    'custom_tags',
    'provider',
    'spawn_upstream_span',
    'no_context_propagation',
  ],
  'envoy.type.v3.Percent': ['value'],
  'envoy.config.trace.v3.Tracing': ['http'],
  'envoy.config.trace.v3.Tracing.Http': ['name', 'typed_config'],
  [ZIPKIN]: [
    'collector_cluster',
    'collector_endpoint',
    'trace_id_128bit',
    'shared_span_context',
    'collector_endpoint_version',
    'collector_hostname',
    'split_spans_for_request',
    'trace_context_option',
  ],
  [CUSTOM_TAG]: ['tag', 'literal', 'environment', 'request_header', 'metadata'],
  [`${CUSTOM_TAG}.Literal`]: ['value'],
  [`${CUSTOM_TAG}.Environment`]: ['name', 'default_value'],
  [`${CUSTOM_TAG}.Header`]: ['name', 'default_value'],
  [`${CUSTOM_TAG}.Metadata`]: ['default_value'],
};

/** The tracing of a connection manager. Faults go to `cx`; what could be read is returned all the same. */
export function decodeTracing(message: HttpConnectionManager_Tracing, cx: DecodeContext): TracingConfig {
  return {
    clientSampling: { numerator: Math.floor(message.clientSampling?.value ?? 100), denominator: 100 },
    randomSampling: randomSampling(message.randomSampling),
    overallSampling: { numerator: Math.floor(message.overallSampling?.value ?? 100), denominator: 100 },
    verbose: message.verbose,
    maxPathTagLength: message.maxPathTagLength ?? 256,
    customTags: decodeCustomTags(message.customTags, cx.at('custom_tags')),
    spawnUpstreamSpan: message.spawnUpstreamSpan ?? false,
    noContextPropagation: message.noContextPropagation,
    provider:
      message.provider && (decodeTracingProvider(message.provider, cx.at('provider')) ?? ('unsupported' as const)),
  };
}

// Envoy keeps two digits after the point of this one, none of the others.
function randomSampling(percent: Percent | undefined): FractionalPercent {
  return { numerator: Math.round((percent?.value ?? 100) * 100), denominator: 10_000 };
}

/** The provider of HttpConnectionManager.Tracing or of Bootstrap.tracing. */
export function decodeTracingProvider(message: Tracing_Http, cx: DecodeContext): ZipkinConfig | undefined {
  const any = message.configType.case === 'typedConfig' ? message.configType.value : undefined;
  const place = cx.at('typed_config');
  const config = place.unpack(any);
  if (config === undefined) return undefined;
  if (config.$typeName === ZIPKIN) return decodeZipkin(config as ZipkinMessage, place);
  // Requests are served the same without it, so it is a warning and not a fault.
  place.warn(`${config.$typeName} is not implemented by Weft yet: no spans are sent`, { expected: ZIPKIN });
  return undefined;
}

function decodeZipkin(message: ZipkinMessage, cx: DecodeContext): ZipkinConfig {
  if (message.collectorCluster === '')
    cx.at('collector_cluster').error('is missing', { expected: 'the name of a cluster' });
  if (message.collectorEndpoint === '') {
    cx.at('collector_endpoint').error('is missing', { expected: 'a path such as /api/v2/spans' });
  }
  // 1 is HTTP_JSON. Generated enums do not exist at run time: only their types come from the API.
  if ((message.collectorEndpointVersion as number) !== 1) {
    cx.at('collector_endpoint_version').later('', { expected: 'HTTP_JSON' });
  }
  return {
    collectorCluster: message.collectorCluster,
    collectorEndpoint: message.collectorEndpoint,
    collectorHostname: message.collectorHostname === '' ? message.collectorCluster : message.collectorHostname,
    traceId128bit: message.traceId128bit,
    sharedSpanContext: message.sharedSpanContext ?? true,
    splitSpansForRequest: message.splitSpansForRequest,
    w3c: (message.traceContextOption as number) === 1,
  };
}

/** `custom_tags` of a connection manager or a route. */
export function decodeCustomTags(messages: readonly CustomTagMessage[], cx: DecodeContext): CustomTag[] {
  return messages.flatMap((message, i) => decodeCustomTag(message, cx.at(i)) ?? []);
}

function decodeCustomTag({ tag, type }: CustomTagMessage, cx: DecodeContext): CustomTag | undefined {
  switch (type.case) {
    case 'literal':
      return { tag, kind: 'literal', value: type.value.value };
    case 'environment':
      return { tag, kind: 'environment', name: type.value.name, defaultValue: type.value.defaultValue };
    case 'requestHeader': {
      const { name, defaultValue } = type.value;
      return { tag, kind: 'request_header', name: name.toLowerCase(), defaultValue };
    }
    case 'metadata':
      return { tag, kind: 'metadata', defaultValue: type.value.defaultValue };
    default:
      if (type.case === undefined)
        cx.error('has no value', { expected: 'literal, environment, request_header or metadata' });
      else cx.later(`"${type.case}"`);
      return undefined;
  }
}
