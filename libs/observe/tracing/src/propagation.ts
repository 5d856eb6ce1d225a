import type { RequestHeaderMap } from '@weft/core-http';
import type { IncomingTrace, PropagationStyle, SpanContext } from './span-context.ts';

const TRACE_ID = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ONLY_ZEROS = /^0+$/;

/**
 * Reads the context of a request: B3 in one header, B3 in several, then (with `w3c`) W3C trace context, as Envoy's Zipkin
 * tracer does. Undefined: the B3 headers are there and broken, so this request is not traced and they go on untouched.
 */
export function extract(headers: RequestHeaderMap, w3c: boolean): IncomingTrace | undefined {
  const single = headers.get('b3');
  const trace = single === undefined ? extractMulti(headers) : extractSingle(single);
  if (trace?.context !== undefined || !w3c) return trace;
  return extractW3c(headers) ?? trace;
}

// https://github.com/openzipkin/b3-propagation, "Single Header": {trace}-{span}-{sampled}-{parent}, or {sampled} alone.
function extractSingle(header: string): IncomingTrace | undefined {
  const [traceId = '', spanId, state, parentId = ''] = header.split('-');
  const style = 'b3-single';
  if (spanId === undefined) {
    return /^[01d]$/.test(traceId) ? { style, context: undefined, sampled: traceId !== '0' } : undefined;
  }
  const sampled = state === undefined ? undefined : state !== '0';
  const context = contextOf(traceId, spanId, parentId);
  return context === undefined ? undefined : { style, context, sampled };
}

function extractMulti(headers: RequestHeaderMap): IncomingTrace | undefined {
  const traceId = headers.get('x-b3-traceid');
  const spanId = headers.get('x-b3-spanid');
  const sampled = multiSampled(headers);
  if (traceId === undefined || spanId === undefined) return { style: 'b3-multi', context: undefined, sampled };
  const context = contextOf(traceId, spanId, headers.get('x-b3-parentspanid') ?? '');
  return context === undefined ? undefined : { style: 'b3-multi', context, sampled };
}

function multiSampled(headers: RequestHeaderMap): boolean | undefined {
  if (headers.get('x-b3-flags') === '1') return true;
  const sampled = headers.get('x-b3-sampled');
  return sampled === undefined ? undefined : sampled === '1' || sampled === 'true';
}

function contextOf(traceId: string, spanId: string, parentId: string): SpanContext | undefined {
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId) || (parentId !== '' && !SPAN_ID.test(parentId)))
    return undefined;
  if (ONLY_ZEROS.test(traceId) || ONLY_ZEROS.test(spanId)) return undefined;
  const parent = ONLY_ZEROS.test(parentId) ? '' : parentId.toLowerCase();
  return { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase(), parentId: parent };
}

// W3C Trace Context section 3.2: a version above 00 may have more behind its flags, ff is no version.
function extractW3c(headers: RequestHeaderMap): IncomingTrace | undefined {
  const header = headers.get('traceparent');
  if (header === undefined) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(header) ?? [];
  const broken = version === undefined || version === 'ff' || (version === '00' && more !== undefined);
  if (broken || ONLY_ZEROS.test(traceId) || ONLY_ZEROS.test(spanId)) {
    // Section 3.3: tracestate means nothing without the traceparent it came with.
    headers.remove('tracestate');
    return undefined;
  }
  return {
    style: 'b3-multi',
    context: { traceId, spanId, parentId: '' },
    sampled: (parseInt(flags, 16) & 1) === 1,
  };
}

export interface OutgoingTrace {
  readonly context: SpanContext;
  readonly sampled: boolean;
  readonly style: PropagationStyle;
  readonly w3c: boolean;
}

/** Writes a context into a request on its way upstream, over whatever context is there. */
export function inject(headers: RequestHeaderMap, { context, sampled, style, w3c }: OutgoingTrace): void {
  const { traceId, spanId, parentId } = context;
  const flag = sampled ? '1' : '0';
  if (style === 'b3-single') {
    headers.set('b3', `${traceId}-${spanId}-${flag}${parentId === '' ? '' : `-${parentId}`}`);
  } else {
    headers.set('x-b3-traceid', traceId);
    headers.set('x-b3-spanid', spanId);
    if (parentId === '') headers.remove('x-b3-parentspanid');
    else headers.set('x-b3-parentspanid', parentId);
    headers.set('x-b3-sampled', flag);
  }
  if (w3c) headers.set('traceparent', `00-${traceId.padStart(32, '0')}-${spanId}-0${flag}`);
}
