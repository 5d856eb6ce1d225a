import { SoakWorld } from '@weft/testing-harness';
import type { Check } from '../check.ts';

const MIB = 1 << 20;
const CALIBRATION_SECONDS = 5;
const SAMPLE_SECONDS = 10;

export const soak: Check = {
  name: 'soak',
  title: 'Soak at half load',
  async run(peer, { ca, flags, say }) {
    const world = await SoakWorld.start(ca);
    const proxy = await peer.start(world.bootstrap());
    try {
      const full = await world.run(proxy, { seconds: CALIBRATION_SECONDS, perSecond: Infinity, sampleSeconds: 1 });
      say(`  as fast as it goes: ${full.perSecond.toFixed(0)}/s, ${(full.cpuShare * 100).toFixed(0)} % of a core`);
      const result = await world.run(proxy, {
        seconds: flags.minutes * 60,
        perSecond: full.perSecond / 2,
        sampleSeconds: SAMPLE_SECONDS,
        onSample: ({ seconds, residentBytes }) =>
          say(`  ${seconds.toFixed(0).padStart(4)} s  ${(residentBytes / MIB).toFixed(1)} MiB`),
      });
      const errors = [...full.errors, ...result.errors];
      const wrong = errors.reduce((sum, [, count]) => sum + count, 0);
      const rows = new Map([
        ['minutes', String(flags.minutes)],
        ['requests', String(result.requests)],
        ['connections', String(result.connections)],
        ['wrong answers', String(wrong)],
        ['requests a second', result.perSecond.toFixed(0)],
        ['of a core', `${(result.cpuShare * 100).toFixed(0)} %`],
        ['resident memory at the end', `${((result.samples.at(-1)?.residentBytes ?? NaN) / MIB).toFixed(0)} MiB`],
        ['its trend', `${(result.slopePerMinute / MIB).toFixed(2)} MiB/min`],
      ]);
      return { rows, faults: errors.map(([what, count]) => `${count} × ${what}`) };
    } finally {
      await proxy.stop();
      world.stop();
    }
  },
};
