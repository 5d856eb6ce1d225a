import type { Transport, TransportReceiver } from '@weft/core-bytes';
import type { ClientCodec, ClientCodecCallbacks } from '@weft/core-http';
import { Http1ClientCodec } from '@weft/net-h1';
import type { PoolContext } from './pool-context.ts';

export interface CodecOptions {
  readonly transport: Transport;
  readonly callbacks: ClientCodecCallbacks;
  readonly cx: PoolContext;
}

/** The codec of a connection that is open. */
export function createClientCodec(_protocol: 'http1' | 'http2', options: CodecOptions): ClientCodec & TransportReceiver {
  const { transport, callbacks, cx } = options;
  return new Http1ClientCodec(transport, callbacks, cx.http1);
}
