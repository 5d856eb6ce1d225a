import type { ServerDuplexStream } from '@grpc/grpc-js';

/** What is known of the library's reader of messages, none of which it promises. */
interface Reader {
  /** 0: between two messages. */
  readonly readState?: unknown;
  readPartialMessage?: unknown;
  /** One octet, which is a view of all that came with it. */
  readCompressFlag?: unknown;
}

/**
 * The library (1.14) keeps the parts of a stream's last message until the next one begins: half a megabyte for each proxy that
 * names ten thousand resources. Between two messages they are no use to it. Does nothing to a library that reads otherwise.
 */
export function forgetLastMessage(stream: ServerDuplexStream<unknown, unknown>): void {
  const { call } = stream as unknown as { readonly call?: { readonly decoder?: Reader } };
  const reader = call?.decoder;
  if (reader?.readState !== 0 || !Array.isArray(reader.readPartialMessage)) return;
  reader.readPartialMessage = [];
  if (Buffer.isBuffer(reader.readCompressFlag)) reader.readCompressFlag = Buffer.alloc(0);
}
