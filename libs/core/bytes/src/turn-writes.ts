/** Whoever holds bytes back until the end of the turn. */
export interface HeldWriter {
  /** Hands on what is held, now. */
  writeHeld(): void;
}

/**
 * So many transports write before the turn ends. Measured with bursts of fifty requests: the 99th percentile of their times
 * falls by a fifth, and what a request costs under full load stays.
 */
export const EARLY_TRANSPORTS = 16;

/**
 * The writes of one turn of the event loop, made together. A write to a peer that sleeps has to wake it, which costs more
 * than all else in it; peers that get their bytes in a row wake once, and find more when they are done with the first.
 *
 * Transports write at the end of the turn, or as soon as a few of them wait: in a long turn the first answer would wait for
 * the last, and the peers would have nothing to do meanwhile. Codecs that gather the frames of many streams hand them to
 * their transports at the end of the turn only: less would be gathered before.
 */
export class TurnWrites {
  private transports: HeldWriter[] = [];
  private gatherers: HeldWriter[] = [];
  private scheduled = false;
  private flushing = false;

  /** A transport, which holds its bytes already: it may have to write them within the call. */
  add(transport: HeldWriter): void {
    if (this.transports.push(transport) >= EARLY_TRANSPORTS && !this.flushing) {
      this.writeTransports();
      return;
    }
    this.schedule();
  }

  /** Whoever writes to a transport at the end of the turn. */
  addGatherer(codec: HeldWriter): void {
    this.gatherers.push(codec);
    this.schedule();
  }

  /** The end of the turn. Writers that are added meanwhile still belong to it. */
  flush(): void {
    this.scheduled = false;
    this.flushing = true;
    const { gatherers } = this;
    for (let i = 0; i < gatherers.length; i++) (gatherers[i] as HeldWriter).writeHeld();
    this.gatherers = [];
    this.writeTransports();
    this.flushing = false;
  }

  private writeTransports(): void {
    const { transports } = this;
    for (let i = 0; i < transports.length; i++) (transports[i] as HeldWriter).writeHeld();
    transports.length = 0;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(flushTurn, this);
  }
}

function flushTurn(turn: TurnWrites): void {
  turn.flush();
}

/** One for the event loop, as the loop's turns are. */
export const turnWrites = new TurnWrites();
