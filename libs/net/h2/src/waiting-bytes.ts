import type { HeaderMap, WireBytes } from '@weft/core-http';
import type { ByteQueue } from './byte-queue.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';
import { framedBytes } from './output.ts';

// A response is over for its user once it was handed over, and may wait for the client yet. What it costs is asked for at
// once: what waits is counted as it will most likely be sent.

/** Adds a body that waits, in frames as long as may be. */
export function countWaitingBody(bytes: WireBytes, queue: ByteQueue | undefined): void {
  if (queue !== undefined && queue.length > 0) bytes.sent += framedBytes(queue.length);
}

/** Adds trailers that wait, as if nothing of them were compressed. */
export function countWaitingTrailers(bytes: WireBytes, trailers: HeaderMap | undefined): void {
  if (trailers === undefined) return;
  const framed = FRAME_HEADER_BYTES + trailers.byteSize;
  bytes.sent += framed;
  bytes.headerSent += framed;
  bytes.decompressedHeaderSent += trailers.byteSize;
}
