import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { AccessLogBatch, ClusterLoad, XdsNode } from '@weft/xds-server';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessLogLedger } from './access-log-ledger.ts';
import { LoadLedger } from './load-ledger.ts';
import { ControlPlaneMetrics } from './metrics.ts';
import { NodeRecords } from './node-records.ts';
import { StatsLedger } from './stats-ledger.ts';

const node = (id: string): XdsNode => ({ id }) as XdsNode;
const { clock } = createFakeRuntime();

const batch = (size: number, text = 'x'): AccessLogBatch => ({
  logName: 'http_envoy_accesslog',
  kind: 'http',
  size,
  last: (count) => Array.from({ length: Math.min(count, size) }, (_, i) => ({ text, at: size - i })),
});

test('ids that nobody bears cost no memory, and connected proxies are kept whoever else reports', () => {
  const connected = new Set(['a']);
  const records = new NodeRecords<{ id: string }>((id) => connected.has(id), 3);
  records.of('a', () => ({ id: 'a' }));
  for (let i = 0; i < 100; i += 1) records.of(`forged-${i}`, () => ({ id: String(i) }));
  assert.equal(records.size, 4);
  assert.ok(records.get('a') !== undefined);
  connected.delete('a');
  records.left('a');
  assert.ok(records.get('a') !== undefined, 'a proxy that left is remembered for a while');
  for (let i = 0; i < 3; i += 1) records.of(`later-${i}`, () => ({ id: String(i) }));
  assert.equal(records.get('a'), undefined);
});

test('loads are added up, and of nodes that are not connected only the last thousand are kept', () => {
  const ledger = new LoadLedger(clock, (id) => id === 'known');
  const loads = [{ cluster: 'a', dropped: 0, localities: [{ succeeded: 2, failed: 1, inProgress: 0 }] }];
  const report = (id: string): void => ledger.onLoad(node(id), loads as unknown as ClusterLoad[]);
  report('known');
  for (let i = 0; i < 5000; i += 1) report(`forged-${i}`);
  report('known');
  const all = ledger.all();
  assert.equal(all.length, 1001);
  const { succeeded, failed } = all.find(({ proxyId }) => proxyId === 'known') ?? {};
  assert.deepEqual([succeeded, failed], [4, 2]);
});

test('access logs are counted, and the last entries of a proxy kept within bounds', () => {
  const metrics = new ControlPlaneMetrics();
  const ledger = new AccessLogLedger(clock, metrics, () => true);
  ledger.onAccessLogs(node('p'), batch(3));
  ledger.onAccessLogs(node('p'), batch(500));
  assert.match(metrics.page(), /^weft_access_log_entries\{node="p",kind="http"\} 503$/m);
  assert.equal(ledger.of('p').length, 100);
  ledger.onAccessLogs(node('p'), batch(10, 'y'.repeat(20_000)));
  assert.deepEqual([ledger.of('p').length, ledger.of('other').length], [3, 0]);
});

test('the newest value of each stat is kept', () => {
  const metrics = new ControlPlaneMetrics();
  const ledger = new StatsLedger(metrics, () => true);
  const family = (name: string, value: number) =>
    ({ name, kind: 'counter', samples: [{ labels: {}, value, count: undefined, points: [] }] }) as const;
  ledger.onMetrics(node('p'), [family('b', 1), family('a', 1)]);
  ledger.onMetrics(node('p'), [family('b', 2)]);
  const kept = ledger.of('p').map(({ name, samples: [sample] }) => [name, sample?.value]);
  assert.deepEqual(kept, [
    ['a', 1],
    ['b', 2],
  ]);
  ledger.onMetrics(
    node('p'),
    Array.from({ length: 9000 }, (_, i) => family(`many-${i}`, i)),
  );
  assert.equal(ledger.of('p').length, 5000);
});

test('what was counted for a node ends with it, and labels without end are added up as one', () => {
  const metrics = new ControlPlaneMetrics([]);
  metrics.count('pilot_total_xds_rejects', { type: 'cds', node: 'gone' });
  metrics.count('pilot_total_xds_rejects', { type: 'cds', node: 'stays' });
  metrics.forgetNode('gone');
  assert.deepEqual(
    metrics
      .page()
      .split('\n')
      .filter((line) => line.startsWith('pilot')),
    ['pilot_total_xds_rejects{type="cds",node="stays"} 1'],
  );
  for (let i = 0; i < 10_005; i += 1) metrics.count('many', { name: String(i) });
  assert.match(metrics.page(), /^many 5$/m);
});
