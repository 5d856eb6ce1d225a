const REMEMBERED = 512;

/**
 * The streams we reset last: what the peer sent on them before it knew is no fault (RFC 9113 section 5.1, closed). Bounded, and
 * nothing on connections without resets.
 */
export class ResetMemory {
  private ids: Uint32Array | undefined;
  private at = 0;

  add(streamId: number): void {
    this.ids ??= new Uint32Array(REMEMBERED);
    this.ids[this.at] = streamId;
    this.at = (this.at + 1) % REMEMBERED;
  }

  has(streamId: number): boolean {
    return this.ids?.includes(streamId) === true;
  }
}
