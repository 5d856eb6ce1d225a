import { OrderingWorld, type XdsForm } from '@weft/testing-harness';
import type { Check } from '../check.ts';

const PER_SECOND = 1000;

export const ordering: Check = {
  name: 'ordering',
  title: 'Make before break at 1,000 requests a second',
  async run(peer, { flags }) {
    const rows = new Map<string, string>();
    const faults: string[] = [];
    const forms: readonly XdsForm[] = ['sotw', 'delta'];
    for (const form of forms) {
      const world = await OrderingWorld.start();
      const proxy = await peer.start(world.bootstrap(form));
      try {
        const result = await world.run(proxy, { perSecond: PER_SECOND, endpointChanges: flags.changes });
        const failed = [...result.failures.values()].reduce((sum, count) => sum + count, 0);
        rows.set(`${form}: changes of endpoints, moves of routes`, `${result.endpointChanges}, ${result.moves}`);
        rows.set(`${form}: requests, failed`, `${result.requests}, ${failed}`);
        rows.set(`${form}: requests a second`, (result.requests / result.seconds).toFixed(0));
        rows.set(`${form}: responses, out of order`, `${result.responses}, ${result.violations.length}`);
        faults.push(...[...result.failures].map(([what, count]) => `${form}: ${count} × ${what}`));
        faults.push(...[...result.violations, ...result.refusals].map((what) => `${form}: ${what}`));
      } finally {
        await proxy.stop();
        await world.stop();
      }
    }
    return { rows, faults };
  },
};
