import type { Timers } from '@weft/core-runtime';
import type { ClusterManager } from '@weft/proxy-filter-api';
import type { HttpFetch } from '@weft/xds-client';
import { postJson } from './cluster-post.ts';

/** A response that is larger is no configuration. Bytes. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** REST discovery through the proxy's own clusters. */
export class ClusterFetch implements HttpFetch {
  private readonly clusters: ClusterManager;
  private readonly timers: Timers;

  constructor(clusters: ClusterManager, timers: Timers) {
    this.clusters = clusters;
    this.timers = timers;
  }

  post(
    cluster: string,
    path: string,
    body: string,
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const post = { cluster, path, body: Buffer.from(body), timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES };
    return new Promise((resolve, reject) => {
      postJson(this.clusters, this.timers, post, (outcome) => {
        if (typeof outcome === 'string') reject(new Error(outcome));
        else resolve({ status: outcome.status, body: outcome.body.toString('utf8') });
      });
    });
  }
}
