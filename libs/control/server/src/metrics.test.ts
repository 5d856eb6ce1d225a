import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlaneMetrics } from './metrics.ts';

test("the page is Prometheus' text format, others' lines included", () => {
  const metrics = new ControlPlaneMetrics();
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
