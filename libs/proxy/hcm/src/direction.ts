import type { HeaderMap } from '@weft/core-http';
import {
  BUFFER,
  CONSUME,
  CONTINUE,
  STOP,
  type DataStatus,
  type HeadersStatus,
  type HttpFilter,
  type TrailersStatus,
} from '@weft/proxy-filter-api';

/** How one direction calls its filters, where it ends, and what it does when it holds too much. One for each direction. */
export interface DirectionEnds<H extends HeaderMap> {
  callHeaders(filter: HttpFilter, headers: H, end: boolean): HeadersStatus;
  callData(filter: HttpFilter, chunk: Buffer, end: boolean): DataStatus;
  callTrailers(filter: HttpFilter, trailers: HeaderMap): TrailersStatus;
  /** Past the last filter. */
  passHeaders(headers: H, end: boolean): void;
  passData(chunk: Buffer, end: boolean): boolean;
  passTrailers(trailers: HeaderMap): void;
  /** A filter that buffers holds more than the limit: 413 for a request, 500 for a response. (One that stops pauses the source.) */
  overflow(): void;
  pauseSource(): void;
  resumeSource(): void;
  /** False once the stream ended or answered: iteration stops. */
  flowing(): boolean;
}

/**
 * What a filter holds back.
 *
 *   open -> holding (headers, data or trailers stopped) -> open
 */
interface Gate<H extends HeaderMap> {
  status: typeof STOP | typeof BUFFER | undefined;
  headers: H | undefined;
  headersEnd: boolean;
  chunks: Buffer[];
  /** How many of the chunks the filter itself has seen: they resume behind it, the others at it. */
  seen: number;
  bytes: number;
  end: boolean;
  trailers: HeaderMap | undefined;
  trailersSeen: boolean;
  pausedSource: boolean;
}

/**
 * One direction of one stream through its filters: a loop over the list, and a gate for each filter that holds. The request
 * runs it in configured order, the response over the reversed list; it is the same code.
 */
export class Direction<H extends HeaderMap> {
  private readonly filters: readonly HttpFilter[];
  private readonly ends: DirectionEnds<H>;
  private limitBytes: number;
  /** Empty on the fast path: gates appear with the first filter that holds. */
  private gates: (Gate<H> | undefined)[] | undefined;
  /** The filter whose callback runs: a `continue` inside it is recorded and acted on afterwards, so none is entered twice. */
  private calledAt = -1;
  private continuedInCall = false;

  constructor(filters: readonly HttpFilter[], ends: DirectionEnds<H>, limitBytes: number) {
    this.filters = filters;
    this.ends = ends;
    this.limitBytes = limitBytes;
  }

  /** How much may be held from now on. */
  setLimit(bytes: number): void {
    this.limitBytes = bytes;
  }

  /** Headers enter at filter `from`. */
  headers(from: number, headers: H, end: boolean): void {
    const { filters, ends } = this;
    for (let i = from; i < filters.length; i += 1) {
      const outer = this.enter(i);
      const status = ends.callHeaders(filters[i] as HttpFilter, headers, end);
      const continued = this.leave(outer);
      if (!ends.flowing()) return;
      if (status === CONTINUE || continued) continue;
      const gate = this.gate(i);
      gate.status = status;
      gate.headers = headers;
      gate.headersEnd = end;
      return;
    }
    ends.passHeaders(headers, end);
  }

  /** A chunk enters at filter `from`. False: held or blocked beyond the limit, the source is paused or should be. */
  data(from: number, chunk: Buffer, end: boolean): boolean {
    const { filters, ends } = this;
    for (let i = from; i < filters.length; i += 1) {
      const gate = this.gates?.[i];
      if (gate?.status === STOP) return this.hold(gate, chunk, end);
      const outer = this.enter(i);
      const status = ends.callData(filters[i] as HttpFilter, chunk, end);
      const continued = this.leave(outer);
      if (!ends.flowing()) return true;
      if (status === CONSUME) return true;
      if (status === CONTINUE || continued) {
        if (gate?.status === undefined) continue;
        // The filter held headers or earlier chunks and lets go with this one: all of it passes, this chunk last.
        this.hold(gate, chunk, end);
        gate.seen = gate.chunks.length;
        this.release(i);
        return true;
      }
      const holding = this.gate(i);
      holding.status = status;
      const taken = this.hold(holding, chunk, end);
      holding.seen = holding.chunks.length;
      return taken;
    }
    return ends.passData(chunk, end);
  }

  trailers(from: number, trailers: HeaderMap): void {
    const { filters, ends } = this;
    for (let i = from; i < filters.length; i += 1) {
      const gate = this.gates?.[i];
      if (gate?.status === STOP) {
        gate.trailers = trailers;
        return;
      }
      const outer = this.enter(i);
      const status = ends.callTrailers(filters[i] as HttpFilter, trailers);
      const continued = this.leave(outer);
      if (!ends.flowing()) return;
      const holding = this.gates?.[i];
      if (status === CONTINUE || continued) {
        if (holding?.status === undefined) continue;
        holding.trailers = trailers;
        holding.trailersSeen = true;
        this.release(i);
        return;
      }
      const stopped = this.gate(i);
      stopped.status = STOP;
      stopped.trailers = trailers;
      stopped.trailersSeen = true;
      return;
    }
    ends.passTrailers(trailers);
  }

  /** Filter `at` says continue. */
  continue(at: number): void {
    if (this.calledAt === at) this.continuedInCall = true;
    else if (this.gates?.[at]?.status !== undefined) this.release(at);
  }

  private enter(at: number): number {
    const outer = this.calledAt;
    this.calledAt = at;
    this.continuedInCall = false;
    return outer;
  }

  private leave(outer: number): boolean {
    this.calledAt = outer;
    const continued = this.continuedInCall;
    this.continuedInCall = false;
    return continued;
  }

  private gate(at: number): Gate<H> {
    this.gates ??= new Array<Gate<H> | undefined>(this.filters.length);
    return (this.gates[at] ??= {
      status: undefined,
      headers: undefined,
      headersEnd: false,
      chunks: [],
      seen: 0,
      bytes: 0,
      end: false,
      trailers: undefined,
      trailersSeen: false,
      pausedSource: false,
    });
  }

  private hold(gate: Gate<H>, chunk: Buffer, end: boolean): boolean {
    gate.chunks.push(chunk);
    gate.bytes += chunk.length;
    gate.end = end;
    if (gate.bytes <= this.limitBytes || gate.pausedSource) return true;
    if (gate.status === BUFFER) {
      this.ends.overflow();
    } else if (!end) {
      gate.pausedSource = true;
      this.ends.pauseSource();
    }
    return true;
  }

  private release(at: number): void {
    const gate = this.gates?.[at];
    if (gate === undefined) return;
    const { headers, headersEnd, chunks, seen, end, trailers, trailersSeen, pausedSource } = gate;
    this.gates![at] = undefined;
    if (headers !== undefined) this.headers(at + 1, headers, headersEnd);
    for (let i = 0; i < chunks.length && this.ends.flowing(); i += 1)
      this.data(i < seen ? at + 1 : at, chunks[i] as Buffer, end && i === chunks.length - 1);
    if (trailers !== undefined && this.ends.flowing()) this.trailers(trailersSeen ? at + 1 : at, trailers);
    if (pausedSource) this.ends.resumeSource();
  }
}
