export { traceHeaders } from './fastify-plugin.ts';
export {
  outgoingTraceHeaders,
  pickTraceHeaders,
  runWithTraceHeaders,
  TRACE_HEADER_NAMES,
  TRACE_HEADER_PREFIXES,
  type TraceHeaders,
} from './trace-headers.ts';
