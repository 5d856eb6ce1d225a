export { HttpTracer, type TracedRoute, type TracedStream, type TracerContext } from './http-tracer.ts';
export { ZipkinSpan } from './zipkin-span.ts';
export { CommandTracer, type CommandSpan, type CommandTracerContext } from './command-tracer.ts';
export {
  ZipkinReporter,
  type ReportOutcome,
  type ReporterContext,
  type SpanReport,
  type SpanReporter,
  type SpanTransport,
} from './zipkin-reporter.ts';
export type { LocalEndpoint, RemoteEndpoint, ReportedSpan } from './zipkin-json.ts';
export type { CustomTag, TracingConfig, ZipkinConfig } from './config.ts';
export { decodeCustomTags, decodeTracing, decodeTracingProvider, tracingSupport } from './config.decode.ts';
export type { Sampling, TraceReason } from './sampling.ts';
export { extract, inject, type OutgoingTrace } from './propagation.ts';
export type { IncomingTrace, PropagationStyle, SpanContext } from './span-context.ts';
