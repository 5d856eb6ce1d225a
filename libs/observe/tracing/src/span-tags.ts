import { responseFlagsShort, type RequestHeaderMap, type ResponseHeaderMap, type StreamInfo } from '@weft/core-http';
import type { CustomTag } from './config.ts';

/** What tags and moments are put on. */
export interface TaggedSpan {
  setTag(name: string, value: string): void;
  /** `ms` by Clock.nowMs. */
  annotate(ms: number, value: string): void;
}

/** What a span is tagged from at its end. */
export interface FinishedStream {
  readonly info: StreamInfo;
  readonly request: RequestHeaderMap;
  readonly response: ResponseHeaderMap | undefined;
}

/** Envoy's tags of the span that stands for the request itself. */
export function tagRequestSpan(span: TaggedSpan, stream: FinishedStream, maxPathTagLength: number): void {
  const { info, request } = stream;
  if (info.requestId !== '') span.setTag('guid:x-request-id', info.requestId);
  span.setTag('http.url', originalUrl(request, maxPathTagLength));
  span.setTag('http.method', request.method);
  span.setTag('downstream_cluster', request.get('x-envoy-downstream-service-cluster') ?? '-');
  span.setTag('user_agent', request.get('user-agent') ?? '-');
  span.setTag('http.protocol', info.protocol);
  span.setTag('peer.address', info.downstream.directRemoteAddress.ip);
  const clientTraceId = request.get('x-client-trace-id');
  if (clientTraceId !== undefined) span.setTag('guid:x-client-trace-id', clientTraceId);
  span.setTag('request_size', String(info.bytesReceived));
  span.setTag('response_size', String(info.bytesSent));
  tagOutcome(span, info, info.responseCode);
}

/** Envoy's tags of a span for one attempt at an upstream. Without a response its status is 0. */
export function tagUpstreamSpan(span: TaggedSpan, { info, response }: FinishedStream): void {
  span.setTag('http.protocol', info.protocol);
  if (info.upstreamHost !== undefined) {
    span.setTag('upstream_address', info.upstreamHost.text);
    span.setTag('peer.address', info.upstreamHost.text);
  }
  tagOutcome(span, info, response?.status ?? 0);
}

function tagOutcome(span: TaggedSpan, info: StreamInfo, status: number): void {
  span.setTag('component', 'proxy');
  if (info.upstreamCluster !== '') {
    span.setTag('upstream_cluster', info.upstreamCluster);
    span.setTag('upstream_cluster.name', info.upstreamCluster);
  }
  span.setTag('http.status_code', String(status));
  span.setTag('response_flags', responseFlagsShort(info.responseFlags));
  if (status === 0 || status >= 500) span.setTag('error', 'true');
}

/** `verbose`: the moments of the request, where they happened. */
export function annotateMoments(span: TaggedSpan, info: StreamInfo): void {
  const moments = [
    [info.requestCompleteMs, 'last_downstream_rx_byte_received'],
    [info.firstUpstreamTxMs, 'first_upstream_tx_byte_sent'],
    [info.lastUpstreamTxMs, 'last_upstream_tx_byte_sent'],
    [info.firstUpstreamRxMs, 'first_upstream_rx_byte_received'],
    [info.lastUpstreamRxMs, 'last_upstream_rx_byte_received'],
    [info.firstDownstreamTxMs, 'first_downstream_tx_byte_sent'],
    [info.endMs, 'last_downstream_tx_byte_sent'],
  ] as const;
  for (const [ms, value] of moments) if (ms >= 0) span.annotate(ms, value);
}

/** A custom tag with everything but headers already looked up. */
export type ResolvedTag =
  | { readonly tag: string; readonly value: string }
  | { readonly tag: string; readonly header: string; readonly defaultValue: string };

/** Looks up what does not change from request to request; tags that would be empty go. */
export function resolveCustomTags(
  tags: readonly CustomTag[],
  environment: (name: string) => string | undefined,
): ResolvedTag[] {
  return tags.flatMap((custom): ResolvedTag[] => {
    if (custom.kind === 'request_header') {
      return [{ tag: custom.tag, header: custom.name, defaultValue: custom.defaultValue }];
    }
    const value = fixedValue(custom, environment);
    return value === '' ? [] : [{ tag: custom.tag, value: bytesOf(value) }];
  });
}

/** Text of the configuration in the form of header values: a character for each byte of its UTF-8. */
export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function fixedValue(
  custom: Exclude<CustomTag, { kind: 'request_header' }>,
  environment: (name: string) => string | undefined,
): string {
  if (custom.kind === 'literal') return custom.value;
  if (custom.kind === 'environment') return environment(custom.name) ?? custom.defaultValue;
  // Streams carry no dynamic metadata yet, so none is ever found.
  return custom.defaultValue;
}

export function tagCustom(span: TaggedSpan, tags: readonly ResolvedTag[], request: RequestHeaderMap): void {
  for (const tag of tags) {
    const value = 'header' in tag ? (request.get(tag.header) ?? tag.defaultValue) : tag.value;
    if (value !== '') span.setTag(tag.tag, value);
  }
}

function originalUrl(request: RequestHeaderMap, maxPathTagLength: number): string {
  const path = request.get('x-envoy-original-path') ?? request.path;
  const scheme = request.get('x-forwarded-proto') ?? request.scheme;
  return `${scheme}://${request.authority}${path.length > maxPathTagLength ? path.slice(0, maxPathTagLength) : path}`;
}
