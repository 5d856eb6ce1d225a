import type { RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import { inject } from './propagation.ts';
import type { PropagationStyle, SpanContext, SpanKind } from './span-context.ts';
import { annotateMoments, tagCustom, tagRequestSpan, tagUpstreamSpan } from './span-tags.ts';
import type { TracerSettings } from './tracer-settings.ts';

/** How a span relates to the others of its trace. */
export interface SpanOrigin {
  readonly context: SpanContext;
  readonly kind: SpanKind;
  readonly sampled: boolean;
  readonly style: PropagationStyle;
  /** The span id came from the caller, whose half of the call it also is. */
  readonly shared: boolean;
}

/**
 * One span: of a request (made by HttpTracer) or of an attempt at an upstream (made by `spawnUpstream`). An unsampled one
 * passes its context on and reports nothing.
 */
export class ZipkinSpan {
  readonly settings: TracerSettings;
  readonly origin: SpanOrigin;
  name: string;
  /** `[name, value, name, value …]`; later values of a name count. Characters below U+0100 are bytes of UTF-8. */
  readonly tags: string[] = [];
  /** Where in `tags` those that `finish` made begin: only the ones before may be repeated. */
  ownTagsFrom = 0;
  /** Moments by Clock.nowMs with what happened then. */
  readonly annotations: { readonly ms: number; readonly value: string }[] = [];
  readonly startMs: number;
  endMs = -1;
  /** Undefined for the request's own span. */
  private readonly parent: ZipkinSpan | undefined;
  private readonly info: StreamInfo;
  private attempts = 0;
  /** The decorator's operation, where the caller may use it for its own span. */
  decoratedOperation = '';

  constructor(settings: TracerSettings, origin: SpanOrigin, { info, name, parent }: SpanPlace) {
    this.settings = settings;
    this.origin = origin;
    this.info = info;
    this.name = name;
    this.parent = parent;
    this.startMs = parent === undefined ? info.startMs : settings.clock.nowMs();
  }

  setOperation(name: string): void {
    this.name = name;
  }

  setTag(name: string, value: string): void {
    if (this.origin.sampled) this.tags.push(name, value);
  }

  annotate(ms: number, value: string): void {
    this.annotations.push({ ms, value });
  }

  /** Writes this span's context into a request on its way upstream. */
  inject(headers: RequestHeaderMap): void {
    const { config, w3c } = this.settings;
    if (!config.noContextPropagation) inject(headers, { ...this.origin, w3c });
  }

  /** A child for one attempt at an upstream, where spawn_upstream_span (or split_spans_for_request) wants one. */
  spawnUpstream(operation: string): ZipkinSpan | undefined {
    const { settings, origin } = this;
    if (!settings.spawnUpstreamSpan || this.parent !== undefined) return undefined;
    this.attempts += 1;
    const { traceId, spanId } = origin.context;
    const context = { traceId, spanId: settings.random.hex(8), parentId: spanId };
    const child = new ZipkinSpan(
      settings,
      { context, kind: 'CLIENT', sampled: origin.sampled, style: origin.style, shared: false },
      { info: this.info, name: operation, parent: this },
    );
    if (this.attempts > 1) child.setTag('retry.count', String(this.attempts - 1));
    return child;
  }

  /** Tells the caller the name of its call, where the route has a decorator: to be called before the response goes out. */
  decorate(response: ResponseHeaderMap): void {
    if (this.decoratedOperation !== '') response.set('x-envoy-decorator-operation', this.decoratedOperation);
    else if (this.settings.egress) {
      const operation = response.get('x-envoy-decorator-operation');
      if (operation === undefined) return;
      if (operation !== '') this.name = operation;
      response.remove('x-envoy-decorator-operation');
    }
  }

  /** Tags the span from what is known now and hands it to the reporter. Once. */
  finish(info: StreamInfo, request: RequestHeaderMap, response: ResponseHeaderMap | undefined): void {
    const { settings, parent } = this;
    if (!this.origin.sampled || this.endMs >= 0) return;
    this.endMs = parent === undefined && info.endMs >= 0 ? info.endMs : settings.clock.nowMs();
    this.ownTagsFrom = this.tags.length;
    const stream = { info, request, response };
    if (parent === undefined) {
      tagRequestSpan(this, stream, settings.config.maxPathTagLength);
      this.setTag('node_id', settings.node.id);
      this.setTag('zone', settings.node.zone);
      tagCustom(this, settings.customTags, request);
      // A custom tag may stand in for one of Envoy's.
      if (settings.customTags.length > 0) this.ownTagsFrom = this.tags.length;
      if (settings.config.verbose) annotateMoments(this, info);
    } else {
      tagUpstreamSpan(this, stream);
    }
    settings.reporter.report(this);
  }

  /** Microseconds since the Unix epoch of a moment by Clock.nowMs. */
  wallMicros(ms: number): number {
    return Math.round((this.info.startWallMs + (ms - this.info.startMs)) * 1000);
  }
}

export interface SpanPlace {
  readonly info: StreamInfo;
  readonly name: string;
  readonly parent: ZipkinSpan | undefined;
}
