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

/** Places that stay, after a crowd has left. */
const MOST_KEPT = 64;

/**
 * The writes of one turn of the event loop, made together. A write to a peer that sleeps has to wake it, which costs more
 * than all else in it; peers that get their bytes in a row wake once, and find more when they are done with the first.
 *
 * Transports write at the end of the turn, or as soon as a few of them wait: in a long turn the first answer would wait for
 * the last, and the peers would have nothing to do meanwhile. Codecs that gather the frames of many streams hand them to
 * their transports at the end of the turn only: less would be gathered before.
 */
export class TurnWrites {
  private readonly transports = new Waiting();
  private readonly gatherers = new Waiting();
  private scheduled = false;
  /** Gatherers write: transports will, behind them. */
  private gathering = false;

  /** A transport, which holds its bytes already: it may have to write them within the call. */
  add(transport: HeldWriter): void {
    const { transports } = this;
    transports.add(transport);
    if (this.gathering || transports.writing) return;
    if (transports.count >= EARLY_TRANSPORTS) transports.write();
    else this.schedule();
  }

  /** Whoever writes to a transport at the end of the turn. */
  addGatherer(codec: HeldWriter): void {
    this.gatherers.add(codec);
    if (!this.gathering) this.schedule();
  }

  /** The end of the turn. Writers that are added meanwhile still belong to it. */
  flush(): void {
    this.scheduled = false;
    this.gathering = true;
    try {
      this.gatherers.write();
    } finally {
      this.gathering = false;
    }
    this.transports.write();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(flushTurn, this);
  }
}

/** Writers in a row. The array keeps its length: to make it shorter, and longer again, costs more than all else here. */
class Waiting {
  count = 0;
  /** Who is added now is written within the same call. */
  writing = false;
  private readonly writers: (HeldWriter | undefined)[] = [];

  add(writer: HeldWriter): void {
    this.writers[this.count++] = writer;
  }

  write(): void {
    if (this.count === 0) return;
    const { writers } = this;
    this.writing = true;
    try {
      for (let i = 0; i < this.count; i++) {
        const writer = writers[i] as HeldWriter;
        writers[i] = undefined;
        writer.writeHeld();
      }
    } finally {
      this.writing = false;
      this.count = 0;
      if (writers.length > MOST_KEPT) writers.length = 0;
    }
  }
}

function flushTurn(turn: TurnWrites): void {
  turn.flush();
}

/** One for the event loop, as the loop's turns are. */
export const turnWrites = new TurnWrites();
