import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { preferredPorts } from '../ports.ts';
import { edgesOf, type Edge } from '../topology.ts';
import { edgeFigures } from './edge-figures.ts';
import { parseStats, type StatsSample } from './stats-sample.ts';

const edge = (from: string, to: string): Edge =>
  edgesOf(preferredPorts()).find((one) => one.from === from && one.to === to) as Edge;
const VIDEOS = edge('playlists-api', 'videos-api');

type Quantile = { readonly interval: number | null; readonly cumulative: number | null };

/** The JSON that a proxy's admin answers. */
function sample(
  atMs: number,
  numbers: Record<string, number>,
  histograms: Record<string, Quantile[]> = {},
): StatsSample {
  const stats: object[] = Object.entries(numbers).map(([name, value]) => ({ name, value }));
  const computed = Object.entries(histograms).map(([name, values]) => ({ name, values }));
  stats.push({ histograms: { supported_quantiles: [0, 50, 99], computed_quantiles: computed } });
  return parseStats(JSON.stringify({ stats }), atMs);
}

const videos = (total: number, more: Record<string, number>): Record<string, number> => ({
  'cluster.outbound|10010||videos-api.default.svc.cluster.local.upstream_rq_total': total,
  ...Object.fromEntries(
    Object.entries(more).map(([name, value]) => [
      name.includes('.') ? name : `cluster.outbound|10010||videos-api.default.svc.cluster.local.${name}`,
      value,
    ]),
  ),
});

describe('the figures of an edge', () => {
  it('tell what the caller saw from what went over the wire', () => {
    const before = sample(1_000, {});
    const now = sample(
      3_000,
      videos(150, {
        upstream_rq_2xx: 100,
        upstream_rq_retry: 50,
        upstream_rq_retry_success: 33,
        'http.outbound_videos-api.default.svc.cluster.local_10010.downstream_rq_completed': 100,
      }),
    );
    const figures = edgeFigures(VIDEOS, [before, now]);
    assert.equal(figures?.perSecond.calls, 50);
    assert.equal(figures?.perSecond.retries, 25);
    assert.equal(figures?.successPercent, 100);
    assert.equal(figures?.attemptSuccessPercent?.toFixed(1), '66.7');
    assert.equal(figures?.total.retrySuccesses, 33);
  });

  it('do not count what is still on its way', () => {
    const figures = edgeFigures(VIDEOS, [sample(0, videos(10, { upstream_rq_active: 2, upstream_rq_2xx: 8 }))]);
    assert.equal(figures?.total.attempts, 8);
    assert.equal(figures?.attemptSuccessPercent, 100);
  });

  it('fall back to everything so far when nothing came lately, and to nothing when nothing ever came', () => {
    const failed = {
      'http.outbound_videos-api.default.svc.cluster.local_10010.downstream_rq_completed': 4,
      'http.outbound_videos-api.default.svc.cluster.local_10010.downstream_rq_5xx': 1,
    };
    const quiet = [0, 1_000].map((atMs) => sample(atMs, failed));
    assert.equal(edgeFigures(VIDEOS, quiet)?.successPercent, 75);
    assert.equal(edgeFigures(VIDEOS, quiet)?.perSecond.calls, 0);
    assert.equal(edgeFigures(VIDEOS, [sample(0, {})])?.successPercent, null);
    assert.equal(edgeFigures(VIDEOS, []), undefined);
  });

  it('start over when the proxy did', () => {
    const figures = edgeFigures(VIDEOS, [
      sample(0, videos(900, {})),
      sample(1_000, videos(5, {})),
      sample(2_000, videos(15, {})),
    ]);
    assert.equal(figures?.perSecond.attempts, 10);
  });

  it('take the quantiles of the latest second that had any, else those since the start', () => {
    const name = 'cluster.outbound|10010||videos-api.default.svc.cluster.local.upstream_rq_time';
    const at = (value: number | null): Quantile[] =>
      [0, 50, 99].map((quantile) => ({
        interval: value === null ? null : value + quantile,
        cumulative: 1_000 + quantile,
      }));
    const lately = edgeFigures(VIDEOS, [sample(0, {}, { [name]: at(2) }), sample(1, {}, { [name]: at(null) })]);
    assert.deepEqual([lately?.p50Ms, lately?.p99Ms], [52, 101]);
    const longAgo = edgeFigures(VIDEOS, [sample(0, {}, { [name]: at(null) })]);
    assert.deepEqual([longAgo?.p50Ms, longAgo?.p99Ms], [1_050, 1_099]);
    assert.equal(edgeFigures(VIDEOS, [sample(0, {})])?.p50Ms, null);
  });

  it('of a Redis edge are its commands and bytes', () => {
    const stats = {
      'cluster.outbound|6379||videos-db.default.svc.cluster.local.upstream_cx_active': 2,
      'redis.outbound|6379||videos-db.default.svc.cluster.local.command.get.total': 5,
      'redis.outbound|6379||videos-db.default.svc.cluster.local.command.get.error': 1,
      'redis.outbound|6379||videos-db.default.svc.cluster.local.command.set.total': 3,
      'redis.outbound|6379||videos-db.default.svc.cluster.local.downstream_rq_active': 1,
      'redis.outbound|6379||videos-db.default.svc.cluster.local.downstream_cx_rx_bytes_total': 10,
      'redis.outbound|6379||playlists-db.default.svc.cluster.local.command.get.total': 100,
    };
    const time =
      'cluster.outbound|6379||videos-db.default.svc.cluster.local.redis_cluster.upstream_commands.upstream_rq_time';
    const micros = [0, 500, 2000].map((value) => ({ interval: value, cumulative: value }));
    const figures = edgeFigures(edge('videos-api', 'videos-db'), [sample(0, stats, { [time]: micros })]);
    assert.deepEqual(
      [figures?.total.calls, figures?.total.failures, figures?.total.bytesSent, figures?.activeConnections],
      [7, 1, 10, 2],
    );
    assert.deepEqual([figures?.p50Ms, figures?.p99Ms], [0.5, 2]);
  });

  it('of the gateway are what its listener took in', () => {
    const numbers = {
      'http.outbound_http.8080.downstream_rq_completed': 8,
      'http.outbound_http.8080.downstream_rq_5xx': 2,
    };
    assert.equal(edgeFigures(edge('browser', 'gateway'), [sample(0, numbers)])?.successPercent, 75);
  });
});
