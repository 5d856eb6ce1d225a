import type { Transport, TransportReceiver } from '@weft/core-bytes';
import type { ClientCodec, ClientCodecCallbacks } from '@weft/core-http';
import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { ClusterConfig } from '@weft/model-cluster';
import { Http1ClientCodec, Http1Stats, http1ClientSettings, type Http1ClientSettings } from '@weft/net-h1';
import { Http2ClientCodec, Http2Stats, http2ClientSettings, type Http2ClientSettings } from '@weft/net-h2';
import type { PoolContext } from './pool-context.ts';

/** What the codecs of one cluster share. */
export interface CodecSettings {
  readonly http1: Http1ClientSettings;
  readonly http2: Http2ClientSettings;
}

/** `scope` is the cluster's. */
export function codecSettings(config: ClusterConfig, runtime: Runtime, scope: StatsScope): CodecSettings {
  const { http } = config;
  return {
    http1: http1ClientSettings({
      maxResponseHeadersKb: http.maxResponseHeadersKb,
      maxHeadersCount: http.maxHeadersCount,
      ...http.http1,
      stats: new Http1Stats(scope),
    }),
    http2: http2ClientSettings({
      ...http2Limits(config),
      maxHeadersKb: http.maxResponseHeadersKb,
      maxHeadersCount: http.maxHeadersCount,
      streamBufferLimitBytes: config.perConnectionBufferLimitBytes,
      clock: runtime.clock,
      stats: new Http2Stats(scope),
      connectionKeepAlive: keepAlive(config, runtime),
    }),
  };
}

function http2Limits({ http: { http2 } }: ClusterConfig): Partial<Http2ClientSettings> {
  const limits: Record<string, number | boolean | undefined> = {
    hpackTableBytes: http2.hpackTableSize,
    maxConcurrentStreams: http2.maxConcurrentStreams,
    initialStreamWindowBytes: http2.initialStreamWindowSize,
    initialConnectionWindowBytes: http2.initialConnectionWindowSize,
    maxOutboundFrames: http2.maxOutboundFrames,
    maxOutboundControlFrames: http2.maxOutboundControlFrames,
    maxConsecutiveInboundFramesWithEmptyPayload: http2.maxConsecutiveInboundFramesWithEmptyPayload,
    maxInboundPriorityFramesPerStream: http2.maxInboundPriorityFramesPerStream,
    maxInboundWindowUpdateFramesPerDataFrameSent: http2.maxInboundWindowUpdateFramesPerDataFrameSent,
    streamErrorOnInvalidHttpMessage: http2.streamErrorOnInvalidHttpMessage,
  } satisfies { [K in keyof Http2ClientSettings]?: Http2ClientSettings[K] | undefined };
  // What is not configured is the codec's default, which an undefined value would take the place of.
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function keepAlive(config: ClusterConfig, { timers, random }: Runtime): Http2ClientSettings['connectionKeepAlive'] {
  const { keepalive } = config.http.http2;
  return (
    keepalive && {
      intervalMs: keepalive.intervalMs,
      timeoutMs: keepalive.timeoutMs,
      jitterPercent: keepalive.intervalJitterPercent,
      idleIntervalMs: keepalive.connectionIdleIntervalMs,
      timers,
      random,
    }
  );
}

export interface CodecOptions {
  readonly transport: Transport;
  readonly callbacks: ClientCodecCallbacks;
  readonly cx: PoolContext;
}

/** The codec of a connection that is open. */
export function createClientCodec(protocol: 'http1' | 'http2', options: CodecOptions): ClientCodec & TransportReceiver {
  const { transport, callbacks, cx } = options;
  return protocol === 'http2'
    ? new Http2ClientCodec(transport, callbacks, cx.codecs.http2)
    : new Http1ClientCodec(transport, callbacks, cx.codecs.http1);
}
