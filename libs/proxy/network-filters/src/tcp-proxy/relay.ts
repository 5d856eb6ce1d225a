import type { Transport } from '@weft/core-bytes';

/**
 * One direction of a joined pair: what one transport reads, the other writes. Reading stops while the writer is behind, so
 * that nothing is kept but what is on its way. Chunks are lent, and where the writer takes lent ones no byte is copied.
 */
export class Relay {
  private readonly from: Transport;
  private readonly to: Transport;
  private paused = false;

  constructor(from: Transport, to: Transport) {
    this.from = from;
    this.to = to;
    from.lendReads?.();
  }

  /** False: the source is paused now, since its chunk could not all be passed on. */
  pass(chunk: Buffer): boolean {
    const { to } = this;
    const taken = to.writeLent === undefined ? to.write(Buffer.from(chunk)) : to.writeLent(chunk);
    if (taken || this.paused) return true;
    this.paused = true;
    this.from.pauseReading();
    return false;
  }

  /** The writer caught up. True: the source was paused, and is read again. */
  drained(): boolean {
    if (!this.paused) return false;
    this.paused = false;
    this.from.resumeReading();
    return true;
  }

  get waiting(): boolean {
    return this.paused;
  }
}
