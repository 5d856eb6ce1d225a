import {
  answerDowngraded,
  DOWNGRADE_CASES,
  downgradeBootstrap,
  playDowngrade,
  ScriptedUpstream,
} from '@weft/testing-harness';
import type { Check } from '../check.ts';

export const downgrade: Check = {
  name: 'downgrade',
  title: 'HTTP/2 that becomes HTTP/1.1',
  async run(peer) {
    const upstream = await ScriptedUpstream.start(answerDowngraded);
    const proxy = await peer.start(downgradeBootstrap(upstream.port));
    const faults: string[] = [];
    try {
      for (const one of DOWNGRADE_CASES) {
        const fault = await playDowngrade(one, proxy, upstream).catch((error: Error) => error.message);
        if (fault !== undefined) faults.push(`${one.title}: ${fault}`);
      }
    } finally {
      await proxy.stop();
      await upstream.stop();
    }
    const total = DOWNGRADE_CASES.length;
    return { rows: new Map([['raw HTTP/2 requests', `${total - faults.length} of ${total}`]]), faults };
  },
};
