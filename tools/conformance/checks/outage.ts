import { findEnvoy, OutageWorld } from '@weft/testing-harness';
import type { Check, Peer } from '../check.ts';

const PER_SECOND = 500;

export const outage: Check = {
  name: 'outage',
  title: 'A control plane killed under load',
  async run(peer, { flags }) {
    const result = await OutageWorld.run({
      sidecar: await sidecarOf(peer),
      perSecond: PER_SECOND,
      seconds: flags.seconds,
    });
    const failed = [...result.failures.values()].reduce((sum, count) => sum + count, 0);
    const changed = result.states.filter(({ before, after }) => before !== after).length;
    const rows = new Map([
      ['control plane away', `${result.outageSeconds.toFixed(0)} s`],
      ['requests, failed', `${result.requests}, ${failed}`],
      ['requests a second', (result.requests / result.seconds).toFixed(0)],
      ['renewals of certificates in vain', String(result.failedRenewals)],
      ['life that was left when the next came, at least', `${result.leastLifeSeconds.toFixed(0)} s`],
      ['sidecars with another state afterwards', `${changed} of ${result.states.length}`],
    ]);
    const faults = [...result.failures].map(([what, count]) => `${count} × ${what}`);
    if (result.leastLifeSeconds <= 0) faults.push('a certificate expired');
    for (const { before, after } of result.states)
      if (before !== after) faults.push(`a sidecar has another state: ${firstDifference(before, after)}`);
    return { rows, faults };
  },
};

/** Where two JSON texts differ first, and how. */
function firstDifference(before: string, after: string): string {
  let path = '';
  let [was, is]: unknown[] = [JSON.parse(before), JSON.parse(after)];
  while (isObject(was) && isObject(is)) {
    const [old, next] = [was, is];
    const key = Object.keys({ ...old, ...next }).find(
      (each) => JSON.stringify(old[each]) !== JSON.stringify(next[each]),
    );
    if (key === undefined) return `${path}: the order of its fields`;
    path += `/${key}`;
    [was, is] = [old[key], next[key]];
  }
  return `${path} was ${excerpt(was)} and is ${excerpt(is)}`;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const excerpt = (value: unknown): string => (JSON.stringify(value) ?? 'not there').slice(0, 100);

async function sidecarOf({ name }: Peer): Promise<readonly string[]> {
  if (name === 'weft') return [];
  const envoy = await findEnvoy();
  if ('reason' in envoy) throw new Error(envoy.reason);
  return ['--envoy', envoy.binary];
}
