import type { HeaderMap } from '@weft/core-http';
import type { FilterStream } from '@weft/proxy-filter-api';
import type { UpstreamRequest } from './upstream-request.ts';

/** The body of one request, for as long as an attempt waits for its stream or a retry may need it again. */
export class RequestBody {
  bytes = 0;
  trailers: HeaderMap | undefined;
  private chunks: Buffer[] | undefined;
  private held = false;

  /** True if the request consists of its head. */
  get empty(): boolean {
    return this.chunks === undefined && this.trailers === undefined;
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.chunks === undefined) this.chunks = [chunk];
    else this.chunks.push(chunk);
  }

  /** Sends all of it. `done`: nothing more will come. */
  sendTo(upstream: UpstreamRequest, done: boolean): void {
    const { chunks, trailers } = this;
    if (chunks !== undefined) {
      for (let i = 0; i < chunks.length; i += 1)
        upstream.sendData(chunks[i] as Buffer, done && trailers === undefined && i === chunks.length - 1);
    }
    if (trailers !== undefined) upstream.sendTrailers(trailers);
  }

  drop(): void {
    this.chunks = undefined;
    this.bytes = 0;
  }

  /** Enough of it waits: the client is to stop sending. */
  hold(stream: FilterStream): void {
    if (this.held) return;
    this.held = true;
    stream.pauseRequest();
  }

  release(stream: FilterStream): void {
    if (!this.held) return;
    this.held = false;
    stream.resumeRequest();
  }
}
