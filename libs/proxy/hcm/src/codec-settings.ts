import type { StatsScope } from '@weft/core-stats';
import { Http1Stats, errorReplyText, http1ServerSettings } from '@weft/net-h1';
import { Http2Stats, http2ServerSettings, type Http2ServerSettings } from '@weft/net-h2';
import type { CodecSettings } from './connection-codec.ts';
import type { PreparedHcm } from './prepared.ts';

/** As long as Envoy's delayed close of HTTP/1.1 leaves a client that has not finished. */
const ANSWERED_GRACE_MS = 1000;

/** The codecs' settings for one connection manager's connections, plaintext or TLS. `stats`: the root of all names. */
export function codecSettings(hcm: PreparedHcm, scheme: 'http' | 'https', stats: StatsScope): CodecSettings {
  const { config, date, runtime } = hcm;
  const server = config.serverHeader === 'PASS_THROUGH' ? '' : `server: ${config.serverName}\r\n`;
  const errorReply = (status: number, details: string, stays: boolean): string =>
    errorReplyText(status, `date: ${date.value}\r\n${server}`, details, stays);
  const { keepAlive, ...http2 } = config.http2;
  const settings: Partial<Http2ServerSettings> = {
    ...http2,
    maxHeadersKb: config.http1.maxRequestHeadersKb ?? 60,
    maxHeadersCount: config.http1.maxHeadersCount ?? 100,
    headersWithUnderscoresAction: config.http1.headersWithUnderscoresAction ?? 'allow',
    connectionKeepAlive: keepAlive && { ...keepAlive, timers: runtime.timers, random: runtime.random },
    clock: runtime.clock,
    answeredGrace: { ms: ANSWERED_GRACE_MS, timers: runtime.timers },
    streamFlushTimeout:
      config.streamFlushTimeoutMs === 0 ? undefined : { ms: config.streamFlushTimeoutMs, timers: runtime.timers },
    stats: new Http2Stats(stats),
  };
  return {
    http1: http1ServerSettings({ ...config.http1, scheme, errorReply, stats: new Http1Stats(stats) }),
    http2: http2ServerSettings(settings),
  };
}

/** The same for connections whose listener has another limit of what may wait for a slow client; 0: none. */
export function withBufferLimit(settings: CodecSettings, limitBytes: number): CodecSettings {
  const streamBufferLimitBytes = limitBytes === 0 ? Infinity : limitBytes;
  if (settings.http2.streamBufferLimitBytes === streamBufferLimitBytes) return settings;
  return { ...settings, http2: { ...settings.http2, streamBufferLimitBytes } };
}
