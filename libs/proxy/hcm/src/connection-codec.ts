import type { TransportReceiver } from '@weft/core-bytes';
import type { ServerCodec, ServerCodecCallbacks, TlsConnectionInfo } from '@weft/core-http';
import { Http1ServerCodec, type H2cUpgrade, type Http1ServerCallbacks, type Http1ServerSettings } from '@weft/net-h1';
import { Http2ServerCodec, type Http2ServerSettings } from '@weft/net-h2';
import type { Connection } from '@weft/proxy-filter-api';
import type { HcmConfig } from './config.ts';

/** A server codec, fed by a transport. */
export type ConnectionCodec = ServerCodec & TransportReceiver;
export type CodecKind = 'http1' | 'http2';

/** What the codecs of one connection manager allow; one for plaintext connections, one for TLS. */
export interface CodecSettings {
  readonly http1: Http1ServerSettings;
  readonly http2: Http2ServerSettings;
}

/** The protocol of a connection where it is known before its first byte: by configuration, or by ALPN. */
export function codecKindOf(type: HcmConfig['codecType'], ssl: TlsConnectionInfo | undefined): CodecKind | undefined {
  if (type !== 'AUTO') return type === 'HTTP1' ? 'http1' : 'http2';
  if (ssl === undefined || ssl.alpn === '') return undefined;
  return ssl.alpn === 'h2' ? 'http2' : 'http1';
}

/** As far as Envoy compares; RFC 9113 section 3.4 has the rest, which the codec checks. */
const PREFACE = Buffer.from('PRI * HTTP/2');

/** The protocol that the first bytes speak; undefined where there are too few to tell. */
export function sniffCodecKind(bytes: Buffer): CodecKind | undefined {
  if (bytes[0] !== 0x50) return 'http1';
  const length = Math.min(bytes.length, PREFACE.length);
  if (bytes.compare(PREFACE, 0, length, 0, length) !== 0) return 'http1';
  return length === PREFACE.length ? 'http2' : undefined;
}

/** A codec to go on with in HTTP/2 on a connection whose client asked for it in HTTP/1.1. `begin` serves that first request. */
export function http2Successor(
  upgrade: H2cUpgrade,
  connection: Connection,
  callbacks: ServerCodecCallbacks,
  settings: CodecSettings,
): { readonly codec: ConnectionCodec; begin(): void } {
  const early = upgrade.accept();
  const codec = new Http2ServerCodec(connection.transport, callbacks, settings.http2);
  const begin = (): void => {
    if (codec.adoptUpgrade(upgrade.settings, upgrade.headers)) for (const chunk of early) codec.onData(chunk);
  };
  return { codec, begin };
}

export function createCodec(
  kind: CodecKind,
  connection: Connection,
  callbacks: Http1ServerCallbacks,
  settings: CodecSettings,
): ConnectionCodec {
  const { transport } = connection;
  return kind === 'http1'
    ? new Http1ServerCodec(transport, callbacks, settings.http1)
    : new Http2ServerCodec(transport, callbacks, settings.http2);
}
