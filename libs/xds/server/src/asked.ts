import type { NameList } from './name-list.ts';
import { portionsNamed, portionsOf, type Portion } from './portion.ts';
import type { ResourceSet } from './snapshot.ts';

/** In the place of a list of names. */
const EVERYTHING = Symbol('everything');

/** What goes by name, now that it is to be looked at on its own. */
export interface Spread {
  readonly everything: boolean;
  readonly lists: readonly NameList[];
  readonly found: readonly string[];
}

const NOTHING: Spread = { everything: false, lists: [], found: [] };

/** What a proxy asked for and has nothing of yet. It goes before all else, in portions that it shares with others. */
export class Asked {
  private asked: (NameList | typeof EVERYTHING)[] = [];
  /** What was found, one response after another. */
  private rest: Portion[] = [];

  /** The next response. */
  get portion(): Portion | undefined {
    return this.rest[0];
  }

  get forEverything(): boolean {
    return this.asked.includes(EVERYTHING);
  }

  add(list: NameList): void {
    this.asked.push(list);
  }

  everything(): void {
    this.asked = [EVERYTHING];
  }

  /** Looks for what there is. Returns the names that there is nothing of. */
  find(target: ResourceSet, limit: number): readonly string[] {
    if (this.asked.length === 0) return [];
    const absent: string[] = [];
    for (const list of this.asked) {
      if (list === EVERYTHING) this.rest.push(...portionsOf(target, limit));
      else {
        const { portions, missing } = portionsNamed(list, target, limit);
        this.rest.push(...portions);
        absent.push(...missing);
      }
    }
    this.asked = [];
    return absent;
  }

  onSent(portion: Portion | undefined): void {
    if (portion !== undefined && portion === this.rest[0]) this.rest.shift();
  }

  /** Gives up all of it. */
  spread(): Spread {
    const { asked, rest } = this;
    if (asked.length === 0 && rest.length === 0) return NOTHING;
    this.asked = [];
    this.rest = [];
    return {
      everything: asked.includes(EVERYTHING),
      lists: asked.filter((list) => list !== EVERYTHING),
      found: rest.flatMap(({ resources }) => resources.map(({ name }) => name)),
    };
  }
}
