import { call, openIdleConnections, residentBytes, SoakWorld } from '@weft/testing-harness';
import type { Check } from '../check.ts';

const MIB = 1 << 20;

export const idle: Check = {
  name: 'idle',
  title: 'Idle connections',
  async run(peer, { ca, flags }) {
    const count = flags.connections;
    const world = await SoakWorld.start(ca);
    const proxy = await peer.start(world.bootstrap());
    const faults: string[] = [];
    try {
      const port = proxy.port('HTTP/1.1');
      await world.run(proxy, { seconds: 2, perSecond: Infinity, sampleSeconds: 1 });
      const before = residentBytes(proxy.process.pid);
      const connections = await openIdleConnections(port, count);
      await proxy.statReaches('http.soak.downstream_cx_active', (value) => value === count);
      const after = residentBytes(proxy.process.pid);
      if ((await call({ port })).status !== 200) faults.push('a request beside them was not answered');
      if (connections.alive() !== count) faults.push(`only ${connections.alive()} of ${count} stayed`);
      connections.close();
      await proxy.statReaches('http.soak.downstream_cx_active', (value) => value === 0);
      const each = ((after - before) / count / 1024).toFixed(1);
      const rows = new Map([
        [`resident memory with ${count} connections`, `${Math.round(after / MIB)} MiB`],
        ['for each of them', `${each} KiB`],
      ]);
      return { rows, faults };
    } finally {
      await proxy.stop();
      world.stop();
    }
  },
};
