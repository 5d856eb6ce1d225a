import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVER_METRIC } from '@weft/xds-server';
import { ACCESS_LOG_METRIC } from './access-log-ledger.ts';
import { KNOWN_METRICS } from './known-metrics.ts';
import { ControlPlaneMetrics } from './metrics.ts';
import { STATS_METRIC } from './stats-ledger.ts';

test("the page is Prometheus' text format, others' lines included", () => {
  const metrics = new ControlPlaneMetrics([{ name: 'pilot_xds', help: 'open streams', kind: 'gauge' }]);
  metrics.count('pilot_xds_pushes', { type: 'cds' });
  metrics.count('pilot_xds_pushes', { type: 'cds' }, 2);
  metrics.gauge('pilot_xds', 3);
  metrics.count('odd', { text: 'a "b"\\\n' });
  const other = { name: 'cert_expiry_seconds', help: 'until a certificate expires', kind: 'gauge', value: 9 } as const;
  assert.equal(
    metrics.page([{ ...other, labels: { use: 'root' } }]),
    [
      '# TYPE odd counter',
      'odd{text="a \\"b\\"\\\\\\n"} 1',
      '# HELP pilot_xds open streams',
      '# TYPE pilot_xds gauge',
      'pilot_xds 3',
      '# TYPE pilot_xds_pushes counter',
      'pilot_xds_pushes{type="cds"} 3',
      '# HELP cert_expiry_seconds until a certificate expires',
      '# TYPE cert_expiry_seconds gauge',
      'cert_expiry_seconds{use="root"} 9',
      '',
    ].join('\n'),
  );
});

test('a distribution counts what is at most each bound', () => {
  const metrics = new ControlPlaneMetrics();
  for (const seconds of [0.005, 0.05, 40]) metrics.observe('pilot_xds_push_time', seconds);
  const lines = metrics.page().split('\n');
  assert.ok(lines.includes('pilot_xds_push_time_bucket{le="0.01"} 1'));
  assert.ok(lines.includes('pilot_xds_push_time_bucket{le="0.1"} 2'));
  assert.ok(lines.includes('pilot_xds_push_time_bucket{le="30"} 2'));
  assert.ok(lines.includes('pilot_xds_push_time_bucket{le="+Inf"} 3'));
  assert.ok(lines.includes('pilot_xds_push_time_count 3'));
});

test('what may rise is there with 0 before, and every metric says what it is', () => {
  const metrics = new ControlPlaneMetrics();
  const page = metrics.page();
  assert.match(page, /^pilot_total_xds_rejects\{type="cds"\} 0$/m);
  assert.match(page, /^pilot_xds 0$/m);
  const names = new Set([...Object.values(SERVER_METRIC), ACCESS_LOG_METRIC, STATS_METRIC]);
  for (const { name, help, kind } of KNOWN_METRICS) {
    names.delete(name);
    if (kind === 'histogram') metrics.observe(name, 1);
    assert.match(
      metrics.page(),
      new RegExp(kind === 'histogram' || page.includes(name) ? `^# HELP ${name} ${help}$` : '', 'm'),
    );
  }
  assert.deepEqual([...names], []);
});
