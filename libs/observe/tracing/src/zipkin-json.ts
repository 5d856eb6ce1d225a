import type { ZipkinSpan } from './zipkin-span.ts';

/** Who measured the spans, as Zipkin shows it. */
export interface LocalEndpoint {
  readonly serviceName: string;
  /** An IP address; `''` where it is not known. */
  readonly ip: string;
}

/** A span in Zipkin's v2 JSON. Source: https://zipkin.io/zipkin-api/#/default/post_spans. */
export function spanJson(span: ZipkinSpan, endpoint: string): string {
  const { context, kind, shared } = span.origin;
  const start = span.wallMicros(span.startMs);
  const end = span.wallMicros(span.endMs);
  let json = `{"traceId":"${context.traceId}","id":"${context.spanId}"`;
  if (context.parentId !== '') json += `,"parentId":"${context.parentId}"`;
  json += `,"kind":"${kind}","name":${JSON.stringify(span.name)},"timestamp":${start},"duration":${Math.max(1, end - start)}`;
  if (shared) json += ',"shared":true';
  json += `,"localEndpoint":${endpoint},"annotations":[`;
  for (const { ms, value } of span.annotations) json += `{"timestamp":${span.wallMicros(ms)},"value":"${value}"},`;
  // The last moment, by Envoy's name for it: server sent, or client received.
  json += `{"timestamp":${end},"value":"${kind === 'SERVER' ? 'ss' : 'cr'}"}],"tags":{`;
  return `${json}${tagsJson(span.tags)}}}`;
}

export function endpointJson({ serviceName, ip }: LocalEndpoint): string {
  const address = ip === '' ? {} : ip.includes(':') ? { ipv6: ip } : { ipv4: ip };
  return JSON.stringify({ serviceName, ...address, port: 0 });
}

function tagsJson(tags: readonly string[]): string {
  let json = '';
  for (let i = 0; i < tags.length; i += 2) {
    const name = tags[i] as string;
    if (isRepeated(tags, name, i + 2)) continue;
    json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(tags[i + 1])}`;
  }
  return json;
}

// JSON objects have a name once: the last value of a tag counts.
function isRepeated(tags: readonly string[], name: string, from: number): boolean {
  for (let i = from; i < tags.length; i += 2) if (tags[i] === name) return true;
  return false;
}
