import type { SocketAddress } from '@weft/core-http';
import type { Clock, FractionalPercent, Random, RuntimeSnapshot } from '@weft/core-runtime';
import type { ZipkinConfig } from './config.ts';
import type { SpanContext } from './span-context.ts';
import { bytesOf } from './span-tags.ts';
import type { RemoteEndpoint, ReportedSpan } from './zipkin-json.ts';
import type { SpanReporter } from './zipkin-reporter.ts';

/** What a tracer of commands is made from. */
export interface CommandTracerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly flags: RuntimeSnapshot;
  readonly reporter: SpanReporter;
}

const ALL: FractionalPercent = { numerator: 10_000, denominator: 10_000 };
const NO_ANNOTATIONS: ReportedSpan['annotations'] = [];

/**
 * Begins spans of commands in protocols that carry no trace context. Nothing ties such a command to the request it was sent
 * for, so each span is a trace of its own, and each draws for itself whether it is sampled.
 */
export class CommandTracer {
  private readonly context: CommandTracerContext;
  private readonly traceId128bit: boolean;

  constructor(zipkin: Pick<ZipkinConfig, 'traceId128bit'>, context: CommandTracerContext) {
    this.context = context;
    this.traceId128bit = zipkin.traceId128bit;
  }

  /**
   * A command arrived now. `system` is the protocol (`redis`), `command` the name in lower case. Undefined: it is not sampled
   * (runtime keys `tracing.random_sampling` and `tracing.global_enabled`, percentages, default 100).
   */
  start(system: string, command: string): CommandSpan | undefined {
    const { flags, random } = this.context;
    const draw = random.below(0x1_0000_0000);
    if (!flags.enabled('tracing.random_sampling', ALL, draw) || !flags.enabled('tracing.global_enabled', ALL, draw))
      return undefined;
    const spanId = random.hex(8);
    const traceId = this.traceId128bit ? random.hex(8) + spanId : spanId;
    return new CommandSpan(this.context, { traceId, spanId, parentId: '' }, { system, command });
  }
}

/** One command: a CLIENT span that is a whole trace. */
export class CommandSpan implements ReportedSpan {
  readonly origin: ReportedSpan['origin'];
  readonly name: string;
  readonly tags: string[];
  readonly ownTagsFrom = 0;
  readonly annotations = NO_ANNOTATIONS;
  readonly startMs: number;
  endMs = -1;
  remote: RemoteEndpoint | undefined;
  private readonly context: CommandTracerContext;
  private readonly system: string;
  private readonly startWallMs: number;

  constructor(
    context: CommandTracerContext,
    ids: SpanContext,
    { system, command }: { readonly system: string; readonly command: string },
  ) {
    this.context = context;
    this.system = system;
    this.origin = { context: ids, kind: 'CLIENT', shared: false };
    this.name = `${system} ${command}`;
    this.tags = ['component', 'proxy', 'db.system', system, 'db.operation', command];
    this.startMs = context.clock.nowMs();
    this.startWallMs = context.clock.wallMs();
  }

  /** Where the command goes; no address: the cluster has no host for it. Of several places the first is kept. */
  sentTo(cluster: string, address: SocketAddress | undefined): void {
    if (this.remote !== undefined) return;
    this.remote = { serviceName: cluster, ip: address?.ip ?? '', port: address?.port ?? 0 };
    this.tags.push('upstream_cluster', bytesOf(cluster));
    if (address !== undefined) this.tags.push('peer.address', address.text);
  }

  /** The reply is there, or there will be none: off to the collector. `error`: what went wrong, in a word. Only once. */
  finish(error: string | undefined): void {
    if (this.endMs >= 0) return;
    this.endMs = this.context.clock.nowMs();
    if (error !== undefined) this.tags.push('error', 'true', `${this.system}.error`, error);
    this.context.reporter.report(this);
  }

  wallMicros(ms: number): number {
    return Math.round((this.startWallMs + (ms - this.startMs)) * 1000);
  }
}
