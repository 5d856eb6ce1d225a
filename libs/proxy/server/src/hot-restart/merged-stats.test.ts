import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StatsStore } from '@weft/observe-metrics';
import { MergedStats, statsForChild } from './merged-stats.ts';

function parent(): StatsStore {
  const store = new StatsStore();
  store.counter('http.in.downstream_rq_total').add(10);
  store.counter('http.in.downstream_rq_5xx');
  store.gauge('http.in.downstream_cx_active').set(3);
  store.gauge('cluster.a.membership_total').set(2);
  store.gauge('listener_manager.total_listeners_active').set(1);
  return store;
}

describe('the stats of a parent', () => {
  it('are what moved, and gauges that add up', () => {
    assert.deepEqual(statsForChild(parent(), 3), {
      counters: [['http.in.downstream_rq_total', 10]],
      gauges: [['http.in.downstream_cx_active', 3]],
      connections: 3,
    });
  });

  it("add to the child's: counters once, gauges as they are now", () => {
    const from = parent();
    const child = new StatsStore();
    child.counter('http.in.downstream_rq_total').add(1);
    child.gauge('http.in.downstream_cx_active').set(5);
    const merged = new MergedStats(child);
    merged.merge(statsForChild(from, 3));
    merged.merge(statsForChild(from, 3));
    from.counter('http.in.downstream_rq_total').add(4);
    from.gauge('http.in.downstream_cx_active').set(1);
    merged.merge(statsForChild(from, 1));
    assert.equal(child.counter('http.in.downstream_rq_total').value, 15);
    assert.equal(child.gauge('http.in.downstream_cx_active').value, 6);
    merged.parentGone();
    assert.equal(child.counter('http.in.downstream_rq_total').value, 15);
    assert.equal(child.gauge('http.in.downstream_cx_active').value, 5);
  });

  it('that were reset meanwhile are not taken off', () => {
    const from = parent();
    const child = new StatsStore();
    const merged = new MergedStats(child);
    merged.merge(statsForChild(from, 0));
    from.resetCounters();
    from.counter('http.in.downstream_rq_total').add(2);
    merged.merge(statsForChild(from, 0));
    assert.equal(child.counter('http.in.downstream_rq_total').value, 12);
  });
});
