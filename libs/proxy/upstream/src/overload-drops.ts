import type { Random, RuntimeSnapshot } from '@weft/core-runtime';
import type { DropOverload } from '@weft/model-cluster';

/** Percent, 0 to 100: no more than this is dropped, whatever the endpoints' policy says. */
const LIMIT_KEY = 'load_balancing_policy.drop_overload_limit';
const DRAWS = 2 ** 32;

/** Which requests a cluster drops because its endpoints' policy asks for it, and how many it dropped. */
export class OverloadDrops {
  private readonly flags: RuntimeSnapshot;
  private readonly random: Random;
  /** By category, from the cluster's beginning on. */
  readonly counts = new Map<string, number>();

  constructor(flags: RuntimeSnapshot, random: Random) {
    this.flags = flags;
    this.random = random;
  }

  /** What becomes of the request at hand; it counts if it is dropped. `all`: as would every other one. */
  judge(policy: DropOverload): 'all' | 'this' | undefined {
    const { category } = policy;
    const share = this.shareOf(policy);
    if (share < 1 && this.random.below(DRAWS) >= share * DRAWS) return undefined;
    this.counts.set(category, (this.counts.get(category) ?? 0) + 1);
    return share < 1 ? 'this' : 'all';
  }

  /** What is dropped of all requests, 0 to 1. */
  shareOf({ ratio }: DropOverload): number {
    return Math.min(ratio, this.limit());
  }

  private limit(): number {
    const percent = this.flags.integer(LIMIT_KEY, 100);
    return percent >= 0 && percent <= 100 ? percent / 100 : 1;
  }
}
