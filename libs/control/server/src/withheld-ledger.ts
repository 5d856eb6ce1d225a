import { withheldText } from '@weft/control-debug';
import type { Logger } from '@weft/core-runtime';
import type { ControlPlaneMetrics } from './metrics.ts';
import type { Withheld } from './resource-guard.ts';

const NOTHING: readonly Withheld[] = [];

/** What views and proxies are not told at present, and why. Each thing is logged once, however many it is about. */
export class WithheldLedger {
  private readonly byOwner = new Map<object, readonly Withheld[]>();
  /** By what it says: for how many. */
  private readonly texts = new Map<string, number>();
  private readonly logger: Logger;
  private readonly metrics: ControlPlaneMetrics;

  constructor(logger: Logger, metrics: ControlPlaneMetrics) {
    this.logger = logger;
    this.metrics = metrics;
  }

  of(owner: object | undefined): readonly Withheld[] {
    return (owner && this.byOwner.get(owner)) ?? NOTHING;
  }

  /** All that the owner is not told from now on. */
  set(owner: object, withheld: readonly Withheld[]): void {
    const before = this.of(owner);
    if (before.length === 0 && withheld.length === 0) return;
    if (withheld.length === 0) this.byOwner.delete(owner);
    else this.byOwner.set(owner, withheld);
    const [told, over] = [withheld.map(withheldText), before.map(withheldText)];
    for (const [i, text] of told.entries()) {
      const count = this.texts.get(text) ?? 0;
      this.texts.set(text, count + 1);
      // Of a whole configuration its maker has logged more.
      const isWhole = withheld[i]?.typeUrl === '';
      if (count === 0 && !isWhole && !over.includes(text))
        this.logger.error(`Proxies would refuse a resource, and are told otherwise. ${text}`);
    }
    for (const text of over) {
      const count = (this.texts.get(text) ?? 0) - 1;
      if (count > 0) this.texts.set(text, count);
      else this.texts.delete(text);
    }
    this.metrics.gauge('weft_withheld_resources', this.texts.size);
  }
}
