/**
 * What the streams of one side of a request have cost on the wire, in bytes. Counted only where somebody asks: codecs add to the
 * one that a stream was given. Attempts that follow each other share one.
 * Source: the *_WIRE_BYTES_* and *_HEADER_BYTES_* operators of Envoy's access logs.
 */
export class WireBytes {
  /** All that belongs to the stream: heads, bodies with their framing, trailers. */
  sent = 0;
  received = 0;
  /** Lines of fields (HTTP/1.1), or frames with header blocks (HTTP/2). */
  headerSent = 0;
  headerReceived = 0;
  /** Names and values before compression; HTTP/1.1 has none, and counts the same as above. */
  decompressedHeaderSent = 0;
  decompressedHeaderReceived = 0;
}
