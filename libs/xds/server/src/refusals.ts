/** What a proxy said when it refused a response. */
export interface Refusal {
  /** That of the response. */
  readonly version: string;
  readonly error: string;
  /** Of the wall clock, in milliseconds. */
  readonly atMs: number;
}

/** So often a refused response is halved before something changes: a proxy that refuses everything is not asked for each name. */
const HALVINGS = 64;

/**
 * What one proxy refused of one type. A proxy may use nothing of a response that it refuses, so what came beside a bad resource is
 * found by halving:
 *
 *     NACK of many -- halves, one response each -- ACK: they are in force
 *                           `-- NACK of one: it is refused, and goes again after the next change, when all else is done
 */
export class Refusals {
  /** Those refused each by itself, or that could not be told apart. */
  readonly names = new Map<string, Refusal>();
  /** Of a response that was refused: each group goes by itself. */
  private groups: Set<string>[] = [];
  private last: Refusal | undefined;
  private halvings = 0;
  private again = false;

  /** The last refusal, for as long as something is refused. `error` has what was said of each, a line for each. */
  get refusal(): Refusal | undefined {
    if (this.last === undefined || this.isEmpty) return undefined;
    const errors = new Set([...this.names.values()].map(({ error }) => error));
    return errors.size > 1 ? { ...this.last, error: [...errors].join('\n') } : this.last;
  }

  get isEmpty(): boolean {
    return this.names.size === 0 && this.groups.length === 0;
  }

  /** The group that goes next. */
  get group(): ReadonlySet<string> | undefined {
    return this.groups[0];
  }

  /** It goes with a group, and not before. */
  suspects(name: string): boolean {
    return this.groups.length > 0 && this.groups.some((group) => group.has(name));
  }

  /** A response with these was refused. `final`: for none other than these, or it cannot be sent in parts. */
  add(names: readonly string[], refusal: Refusal, final: boolean): void {
    this.last = refusal;
    if (final || this.halvings >= HALVINGS) {
      for (const name of names) this.names.set(name, refusal);
      return;
    }
    this.halvings += 1;
    const middle = names.length >> 1;
    const halves = [names.slice(0, middle), names.slice(middle)].filter((half) => half.length > 0);
    this.groups.unshift(...halves.map((half) => new Set(half)));
  }

  /** The first group is on its way, or there is nothing of it to send. */
  next(): void {
    this.groups.shift();
  }

  /** The proxy took it, does not want it any more, or is to have another content: of that it has refused nothing. */
  delete(name: string): void {
    this.names.delete(name);
    for (const group of this.groups) group.delete(name);
    if (this.groups.length > 0) this.groups = this.groups.filter(({ size }) => size > 0);
  }

  /** Something else is wanted: what was refused may go well beside it. */
  onChange(): void {
    this.halvings = 0;
    this.again = this.names.size > 0;
  }

  /** All that was refused goes once more. False: nothing has changed since. */
  retry(): boolean {
    if (!this.again || this.names.size === 0) return false;
    this.again = false;
    this.groups.push(new Set(this.names.keys()));
    return true;
  }

  /** All that was refused, which is refused no more. */
  take(): readonly string[] {
    const names = [...this.names.keys()];
    this.names.clear();
    return names;
  }
}
