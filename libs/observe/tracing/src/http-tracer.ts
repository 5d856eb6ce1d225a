import type { RequestHeaderMap, StreamInfo } from '@weft/core-http';
import type { Clock, FractionalPercent, Random, RuntimeSnapshot } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { TracingConfig, ZipkinConfig } from './config.ts';
import { extract } from './propagation.ts';
import { decideSampling, type Sampling, type TraceReason } from './sampling.ts';
import type { IncomingTrace, SpanContext } from './span-context.ts';
import { bytesOf, resolveCustomTags } from './span-tags.ts';
import type { TracerSettings } from './tracer-settings.ts';
import type { SpanReporter } from './zipkin-reporter.ts';
import { ZipkinSpan, type SpanOrigin } from './zipkin-span.ts';

/** What a connection manager's tracer is made from. */
export interface TracerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly flags: RuntimeSnapshot;
  /** The scope of the connection manager: `http.<stat_prefix>.`. */
  readonly stats: StatsScope;
  readonly node: { readonly id: string; readonly zone: string };
  readonly reporter: SpanReporter;
  /** Of the listener. OUTBOUND: the proxy stands on the caller's side; otherwise on the side of the called. */
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
  readonly environment: (name: string) => string | undefined;
}

/** The part of a stream that a tracer looks at. */
export interface TracedStream {
  /** The route, where one matches. */
  readonly route: { readonly route: TracedRoute } | undefined;
}

export interface TracedRoute {
  readonly decorator: { readonly operation: string; readonly propagate: boolean } | undefined;
  /** Instead of the connection manager's sampling; undefined leaves it. */
  readonly tracing:
    | {
        readonly clientSampling: FractionalPercent | undefined;
        readonly randomSampling: FractionalPercent | undefined;
        readonly overallSampling: FractionalPercent | undefined;
      }
    | undefined;
}

/** Begins the spans of one connection manager's requests, reported to Zipkin. */
export class HttpTracer {
  private readonly settings: TracerSettings;
  private readonly zipkin: ZipkinConfig;
  private readonly flags: RuntimeSnapshot;
  private readonly counters: Readonly<Record<TraceReason, Counter>>;

  /** `zipkin` is the connection manager's provider, or the bootstrap's. */
  constructor(config: TracingConfig, zipkin: ZipkinConfig, context: TracerContext) {
    this.zipkin = zipkin;
    this.flags = context.flags;
    const { clock, random, node, reporter } = context;
    this.settings = {
      config,
      w3c: zipkin.w3c,
      spawnUpstreamSpan: config.spawnUpstreamSpan || zipkin.splitSpansForRequest,
      egress: context.trafficDirection === 'OUTBOUND',
      clock,
      random,
      node: { id: bytesOf(node.id), zone: bytesOf(node.zone) },
      reporter,
      customTags: resolveCustomTags(config.customTags, context.environment),
    };
    this.counters = tracingCounters(context.stats);
  }

  /**
   * Called once for each request, when its head is known and routed. Decides whether it is traced, marks x-request-id, and
   * returns its span: also an unsampled one, whose context goes on. Undefined: the incoming context is broken.
   */
  start(headers: RequestHeaderMap, info: StreamInfo, stream: TracedStream): ZipkinSpan | undefined {
    const { settings, zipkin } = this;
    const route = stream.route?.route;
    const sampling = route?.tracing === undefined ? settings.config : routeSampling(settings.config, route.tracing);
    const reason = decideSampling(headers, info, { sampling, flags: this.flags });
    this.counters[reason].inc();
    const incoming = extract(headers, zipkin.w3c);
    if (incoming === undefined) return undefined;
    const origin = this.origin(incoming, incoming.sampled ?? reason !== 'not_traceable');
    info.traceId = origin.context.traceId;
    info.spanId = origin.context.spanId;
    const span = new ZipkinSpan(settings, origin, { info, name: headers.authority, parent: undefined });
    this.applyDecorator(span, headers, route);
    return span;
  }

  private origin({ context, style }: IncomingTrace, sampled: boolean): SpanOrigin {
    const { settings, zipkin } = this;
    // A proxy that makes a span for the upstream call too is the server of its own span, on whichever side it stands.
    const kind = settings.egress && !settings.spawnUpstreamSpan ? 'CLIENT' : 'SERVER';
    if (context === undefined) return { context: this.root(), kind, sampled, style, shared: false };
    if (kind === 'SERVER' && zipkin.sharedSpanContext) return { context, kind, sampled, style, shared: true };
    const { traceId, spanId } = context;
    return {
      context: { traceId, spanId: settings.random.hex(8), parentId: spanId },
      kind,
      sampled,
      style,
      shared: false,
    };
  }

  private root(): SpanContext {
    const { random } = this.settings;
    const spanId = random.hex(8);
    return { traceId: this.zipkin.traceId128bit ? random.hex(8) + spanId : spanId, spanId, parentId: '' };
  }

  // The side of the caller names a call: it sends the name along, and the other side takes it.
  private applyDecorator(span: ZipkinSpan, headers: RequestHeaderMap, route: TracedRoute | undefined): void {
    const decorator = route?.decorator;
    if (decorator !== undefined) span.setOperation(decorator.operation);
    const propagated = decorator?.propagate === true ? decorator.operation : '';
    if (this.settings.egress) {
      if (propagated !== '') headers.set('x-envoy-decorator-operation', propagated);
      return;
    }
    const override = headers.get('x-envoy-decorator-operation');
    if (override === undefined) {
      span.decoratedOperation = propagated;
      return;
    }
    if (override !== '') span.setOperation(override);
    headers.remove('x-envoy-decorator-operation');
  }
}

function routeSampling(config: Sampling, route: NonNullable<TracedRoute['tracing']>): Sampling {
  return {
    clientSampling: route.clientSampling ?? config.clientSampling,
    randomSampling: route.randomSampling ?? config.randomSampling,
    overallSampling: route.overallSampling ?? config.overallSampling,
  };
}

function tracingCounters(stats: StatsScope): Readonly<Record<TraceReason, Counter>> {
  const scope = stats.scope('tracing.');
  scope.counter('health_check');
  return {
    sampling: scope.counter('random_sampling'),
    service_forced: scope.counter('service_forced'),
    client_forced: scope.counter('client_enabled'),
    not_traceable: scope.counter('not_traceable'),
  };
}
