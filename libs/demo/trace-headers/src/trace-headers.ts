import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';

/** Trace headers of the request being served, names in lower case. */
export type TraceHeaders = Readonly<Record<string, string>>;

/** Whole names, lower case: W3C, the request id of Envoy, B3 in both forms, and what tracers of one vendor send. */
export const TRACE_HEADER_NAMES: readonly string[] = [
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-ot-span-context',
  'uber-trace-id',
  'x-client-trace-id',
  'x-trace-id',
  'x-span-id',
  'x-cloud-trace-context',
  'x-amzn-trace-id',
  'grpc-trace-bin',
  'sw8',
];

/** Families of headers, by how their names start. */
export const TRACE_HEADER_PREFIXES: readonly string[] = ['x-b3-', 'x-datadog-', 'uberctx-'];

const NAMES = new Set(TRACE_HEADER_NAMES);
const NONE: TraceHeaders = Object.freeze({});
const current = new AsyncLocalStorage<TraceHeaders>();

/** Picks the trace headers out of a request's. A header that came more than once is joined with commas, as HTTP allows. */
export function pickTraceHeaders(incoming: IncomingHttpHeaders): TraceHeaders {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value === undefined || !isTraceHeader(name)) continue;
    picked[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return picked;
}

function isTraceHeader(name: string): boolean {
  return NAMES.has(name) || TRACE_HEADER_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Runs `work`, and everything it starts or awaits, as a part of the request with these headers. */
export function runWithTraceHeaders<T>(incoming: IncomingHttpHeaders, work: () => T): T {
  return current.run(pickTraceHeaders(incoming), work);
}

/** What to put on an outgoing call. Empty outside a request. */
export function outgoingTraceHeaders(): TraceHeaders {
  return current.getStore() ?? NONE;
}
