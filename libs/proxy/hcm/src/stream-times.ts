import { ResponseFlag } from '@weft/core-http';
import type { AccessLogType, RequestHeaderMap } from '@weft/core-http';
import type { Timer, TimerCallback } from '@weft/core-runtime';
import { grpcTimeoutMs } from '@weft/model-policy';
import type { ForwardAction } from '@weft/model-route';
import type { LocalReply } from '@weft/proxy-filter-api';
import type { PreparedHcm } from './prepared.ts';

/**
 * What one stream may take: without progress, until its request is complete, and altogether. The half of ActiveStream that
 * watches the clock; a class of its own would be one more object for each request.
 */
export abstract class StreamTimes implements TimerCallback {
  abstract readonly hcm: PreparedHcm;
  abstract over: boolean;
  abstract requestComplete: boolean;
  abstract request: RequestHeaderMap;
  protected startMs = 0;
  protected activeMs = 0;
  private idleLimitMs = 0;
  private idleTimer: Timer | undefined;
  private requestTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private logTimer: Timer | undefined;

  abstract reply(reply: LocalReply): void;
  abstract logNow(type: AccessLogType): void;

  onTimer(timer: Timer): void {
    if (this.over) return;
    const { stats } = this.hcm;
    if (timer === this.idleTimer) this.onIdle();
    else if (timer === this.requestTimer) {
      stats.rqTimeout.inc();
      this.reply({ status: 408, body: 'request timeout', details: 'request_overall_timeout' });
    } else if (timer === this.durationTimer) {
      stats.rqMaxDurationReached.inc();
      const status = this.requestComplete ? 504 : 408;
      const body = 'downstream duration timeout';
      this.reply({ status, body, details: 'max_duration_timeout', grpcStatus: DEADLINE_EXCEEDED });
    } else if (timer === this.logTimer) {
      this.logNow('DownstreamPeriodic');
      this.startLogTimer();
    }
  }

  protected startTimers(end: boolean): void {
    const { config, runtime } = this.hcm;
    this.startIdle(config.streamIdleTimeoutMs);
    if (config.requestTimeoutMs > 0 && !end) this.requestTimer = runtime.timers.start(config.requestTimeoutMs, this);
    if (config.maxStreamDurationMs > 0) this.durationTimer = runtime.timers.start(config.maxStreamDurationMs, this);
    if (config.accessLogOptions.intervalMs > 0) this.startLogTimer();
  }

  /** A route's own idle timeout and duration replace the connection manager's. */
  protected applyRouteTimes({ idleTimeoutMs, maxStreamDuration }: ForwardAction): void {
    if (idleTimeoutMs !== undefined) {
      this.idleTimer?.cancel();
      this.startIdle(idleTimeoutMs);
    }
    if (maxStreamDuration === undefined) return;
    const durationMs = this.durationMs(maxStreamDuration);
    if (durationMs === undefined) return;
    const { timers, clock } = this.hcm.runtime;
    this.durationTimer?.cancel();
    const restMs = Math.max(0, durationMs - (clock.nowMs() - this.startMs));
    this.durationTimer = durationMs > 0 ? timers.start(restMs, this) : undefined;
  }

  protected stopRequestTimer(): void {
    this.requestTimer?.cancel();
  }

  private startLogTimer(): void {
    const { config, runtime } = this.hcm;
    this.logTimer = runtime.timers.start(config.accessLogOptions.intervalMs, this);
  }

  protected stopTimers(): void {
    this.logTimer?.cancel();
    this.idleTimer?.cancel();
    this.requestTimer?.cancel();
    this.durationTimer?.cancel();
  }

  protected touch(): void {
    this.activeMs = this.hcm.runtime.clock.nowMs();
  }

  /** Undefined: the connection manager's stays. Source: Envoy's ActiveStream::refreshDurationTimeout. */
  private durationMs(limits: NonNullable<ForwardAction['maxStreamDuration']>): number | undefined {
    const { grpcTimeoutHeaderMaxMs: maxMs, grpcTimeoutHeaderOffsetMs: offsetMs = 0 } = limits;
    const asked = maxMs === undefined ? undefined : grpcTimeoutMs(this.request);
    if (maxMs === undefined || asked === undefined) return limits.maxStreamDurationMs;
    const cappedMs = maxMs > 0 && asked > maxMs ? maxMs : asked;
    // An offset that would leave nothing would leave "no limit", so it is not taken.
    return offsetMs < cappedMs ? cappedMs - offsetMs : cappedMs;
  }

  private startIdle(limitMs: number): void {
    const { runtime, overload } = this.hcm;
    this.idleLimitMs = limitMs;
    this.idleTimer = undefined;
    if (limitMs <= 0) return;
    if (overload !== undefined) this.idleLimitMs = overload.timeoutMs('HTTP_DOWNSTREAM_STREAM_IDLE', limitMs);
    this.idleTimer = runtime.timers.start(this.idleLimitMs, this);
  }

  private onIdle(): void {
    const { runtime, stats } = this.hcm;
    const restMs = this.idleLimitMs - (runtime.clock.nowMs() - this.activeMs);
    if (restMs > 1) {
      // Whole seconds keep the timers' lists few; an idle timeout may come up to a second late.
      this.idleTimer = runtime.timers.start(Math.max(Math.ceil(restMs / 1000) * 1000, 1), this);
      return;
    }
    stats.rqIdleTimeout.inc();
    const flags = ResponseFlag.StreamIdleTimeout;
    const status = this.requestComplete ? 504 : 408;
    this.reply({ status, body: 'stream timeout', details: 'stream_idle_timeout', flags });
  }
}

/** Source: gRPC's status codes. */
const DEADLINE_EXCEEDED = 4;
