import { BULK_PAIRS, BulkWorld } from '@weft/testing-harness';
import type { Check } from '../check.ts';

const MIB = 1 << 20;
const WARM_UP_BYTES = 32 * MIB;

export const bulk: Check = {
  name: 'bulk',
  title: 'Large bodies past a reader that stops',
  async run(peer, { ca, flags }) {
    const bytes = flags.gibibytes * 1024 * MIB;
    const world = await BulkWorld.start(ca);
    const proxy = await peer.start(world.bootstrap());
    const rows = new Map<string, string>();
    const faults: string[] = [];
    try {
      for (const pair of BULK_PAIRS) {
        await world.warmUp(proxy, pair, WARM_UP_BYTES);
        for (const way of ['up', 'down'] as const) {
          const name = `${flags.gibibytes} GiB ${way}, ${pair.name}`;
          const { intact, bytes: got, seconds, growthBytes } = await world[way](proxy, pair, bytes);
          if (got !== bytes || !intact)
            faults.push(`${name}: ${got} bytes came${intact ? '' : ', not those that were sent'}`);
          rows.set(name, `+${Math.round(growthBytes / MIB)} MiB, ${seconds.toFixed(1)} s`);
        }
      }
    } finally {
      await proxy.stop();
      await world.stop();
    }
    return { rows, faults };
  },
};
