/**
 * One message in several pieces. The library makes a frame of each message and copies the message into it, by `byteLength` and
 * `copy` and nothing else of a Buffer: so pieces that many messages share are copied once, where joining them would copy twice.
 */
export class Pieces {
  readonly byteLength: number;
  private readonly pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.byteLength = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  copy(target: Uint8Array, start: number): number {
    let at = start;
    for (const piece of this.pieces) {
      target.set(piece, at);
      at += piece.length;
    }
    return this.byteLength;
  }
}
