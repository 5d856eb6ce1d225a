import { isIP } from 'node:net';
import type { SpanContext, SpanKind } from './span-context.ts';

/** Who measured the spans, as Zipkin shows it. */
export interface LocalEndpoint {
  readonly serviceName: string;
  /** An IP address; `''` where it is not known. */
  readonly ip: string;
}

/** The other end of a call, where it reports no spans of its own. */
export interface RemoteEndpoint {
  readonly serviceName: string;
  /** An IP address; anything else (`''`, a path) is left out. */
  readonly ip: string;
  readonly port: number;
}

/** A finished span, as far as reports show it. */
export interface ReportedSpan {
  readonly origin: { readonly context: SpanContext; readonly kind: SpanKind; readonly shared: boolean };
  readonly name: string;
  /** `[name, value, name, value …]`; those before `ownTagsFrom` may be repeated further on, where the last one counts. */
  readonly tags: readonly string[];
  readonly ownTagsFrom: number;
  readonly annotations: readonly { readonly ms: number; readonly value: string }[];
  readonly startMs: number;
  readonly endMs: number;
  readonly remote?: RemoteEndpoint | undefined;
  /** Microseconds since the Unix epoch of a moment by Clock.nowMs. */
  wallMicros(ms: number): number;
}

/** A span in Zipkin's v2 JSON. Source: https://zipkin.io/zipkin-api/#/default/post_spans. */
export function spanJson(span: ReportedSpan, endpoint: string): string {
  const { context, kind, shared } = span.origin;
  const start = span.wallMicros(span.startMs);
  const end = span.wallMicros(span.endMs);
  let json = `{"traceId":"${context.traceId}","id":"${context.spanId}"`;
  if (context.parentId !== '') json += `,"parentId":"${context.parentId}"`;
  json += `,"kind":"${kind}","name":${quote(span.name)},"timestamp":${start},"duration":${Math.max(1, end - start)}`;
  if (shared) json += ',"shared":true';
  json += `,"localEndpoint":${endpoint}`;
  if (span.remote !== undefined) json += `,"remoteEndpoint":${endpointJson(span.remote)}`;
  json += ',"annotations":[';
  for (const { ms, value } of span.annotations) json += `{"timestamp":${span.wallMicros(ms)},"value":"${value}"},`;
  // The last moment, by Envoy's name for it: server sent, or client received.
  json += `{"timestamp":${end},"value":"${kind === 'SERVER' ? 'ss' : 'cr'}"}],"tags":{`;
  return `${json}${tagsJson(span)}}}`;
}

export function endpointJson({ serviceName, ip, port = 0 }: LocalEndpoint & { readonly port?: number }): string {
  const family = isIP(ip);
  const address = family === 0 ? {} : family === 6 ? { ipv6: ip } : { ipv4: ip };
  return JSON.stringify({ serviceName, ...address, port });
}

function tagsJson({ tags, ownTagsFrom }: ReportedSpan): string {
  let json = '';
  for (let i = 0; i < tags.length; i += 2) {
    const name = tags[i] as string;
    if (i < ownTagsFrom && isRepeated(tags, name, i + 2)) continue;
    json += `${i === 0 || json === '' ? '' : ','}${quote(name)}:${quote(tags[i + 1] as string)}`;
  }
  return json;
}

// JSON objects have a name once: the last value of a tag counts.
function isRepeated(tags: readonly string[], name: string, from: number): boolean {
  for (let i = from; i < tags.length; i += 2) if (tags[i] === name) return true;
  return false;
}

// Anything but printable ASCII without the quote and the backslash.
const NEEDS_ESCAPE = /[^ !#-[\]-~]/;
const BYTES_BEYOND_ASCII = /[\u0080-\u00ff]/;

/** Text as JSON. Header values are bytes, a character each: they are read as UTF-8, so that the report is valid whatever they are. */
function quote(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return JSON.stringify(BYTES_BEYOND_ASCII.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text);
}
