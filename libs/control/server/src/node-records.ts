/** How many records of proxies that are not connected are kept. */
const SPARE = 1000;

/**
 * Something that is kept for each node: of those that are connected for as long as they are, of all others for the last thousand,
 * so that ids that nobody bears cost no memory.
 */
export class NodeRecords<T> {
  private readonly isConnected: (nodeId: string) => boolean;
  private readonly spare: number;
  private readonly present = new Map<string, T>();
  /** The longest unheard of first. */
  private readonly others = new Map<string, T>();

  constructor(isConnected: (nodeId: string) => boolean, spare = SPARE) {
    this.isConnected = isConnected;
    this.spare = spare;
  }

  get size(): number {
    return this.present.size + this.others.size;
  }

  get(nodeId: string): T | undefined {
    return this.present.get(nodeId) ?? this.others.get(nodeId);
  }

  /** The record of a node that was just heard of, made where there is none. */
  of(nodeId: string, make: () => T): T {
    const known = this.present.get(nodeId);
    if (known !== undefined) return known;
    const record = this.others.get(nodeId) ?? make();
    this.others.delete(nodeId);
    if (this.isConnected(nodeId)) this.present.set(nodeId, record);
    else this.keepApart(nodeId, record);
    return record;
  }

  /** The node is connected no more. */
  left(nodeId: string): void {
    const record = this.present.get(nodeId);
    if (record === undefined) return;
    this.present.delete(nodeId);
    this.keepApart(nodeId, record);
  }

  *values(): IterableIterator<T> {
    yield* this.present.values();
    yield* this.others.values();
  }

  private keepApart(nodeId: string, record: T): void {
    this.others.set(nodeId, record);
    for (const oldest of this.others.keys()) {
      if (this.others.size <= this.spare) return;
      this.others.delete(oldest);
    }
  }
}
