import { createHash } from 'node:crypto';
import { postSettings } from '../control/control-client.ts';
import { readStats } from '../figures/collector.ts';
import type { RunState } from '../run-state.ts';
import { callerOf, clusterOf } from '../topology.ts';
import { binomialBounds, type Bounds } from './binomial.ts';
import { sendMany, sendRequests, type Reply } from './http-load.ts';

/** The whole catalog, byte for byte. */
export const CATALOG_SHA256 = 'b3d8c362a371eec48c0d9d24d33db195fd05d4f0bbb5cefaa288e81bab586fee';
const CALLS_PER_PAGE = 9;
const FLAKY_SHARE = 1 / 3;
/** Beyond these bounds lies one honest run in five thousand. */
const TAIL = 1e-4;
const PARALLEL = 6;
const V2_MARK = 'Video Catalog: V2';

export interface Target {
  readonly demo: RunState;
  /** Port of the admin of playlists-api's sidecar. */
  readonly sidecarAdmin: number;
}

export interface PagesMeasured {
  readonly pages: number;
  /** Loads of /api/playlists that gave the whole catalog, byte for byte. */
  readonly complete: number;
  readonly expected: Bounds;
  /** What the sidecar of playlists-api has counted meanwhile about its calls of videos-api. */
  readonly sidecar: SidecarCounts;
}

export interface SidecarCounts {
  readonly attempts: number;
  readonly failedAttempts: number;
  readonly retries: number;
  readonly retrySuccesses: number;
  /** Calls of playlists-api, and those of them that failed in its eyes. */
  readonly calls: number;
  readonly failedCalls: number;
}

export async function measurePages(
  { demo, sidecarAdmin }: Target,
  pages: number,
  retries: boolean,
): Promise<PagesMeasured> {
  await postSettings(demo, { flaky: true, retries });
  const before = await sidecarCounts(sidecarAdmin);
  const replies = await sendMany({ url: `${demo.gateway}/api/playlists`, parallel: PARALLEL }, pages);
  const after = await sidecarCounts(sidecarAdmin);
  const complete = replies.filter(isWholeCatalog).length;
  const share = (1 - FLAKY_SHARE ** (retries ? 11 : 1)) ** CALLS_PER_PAGE;
  return { pages, complete, expected: binomialBounds(pages, share, TAIL), sidecar: difference(after, before) };
}

function isWholeCatalog({ status, body }: Reply): boolean {
  return status === 200 && createHash('sha256').update(body).digest('hex') === CATALOG_SHA256;
}

async function sidecarCounts(admin: number): Promise<SidecarCounts> {
  const { numbers } = await readStats(admin);
  const cluster = (name: string): number => numbers.get(`cluster.${clusterOf('videos-api')}.${name}`) ?? 0;
  const caller = (name: string): number => numbers.get(`http.${callerOf('videos-api')}.${name}`) ?? 0;
  return {
    attempts: cluster('upstream_rq_total'),
    // Not upstream_rq_5xx: an answer that is retried is in none of the counts by status.
    failedAttempts: cluster('upstream_rq_total') - cluster('upstream_rq_2xx'),
    retries: cluster('upstream_rq_retry'),
    retrySuccesses: cluster('upstream_rq_retry_success'),
    calls: caller('downstream_rq_completed'),
    failedCalls: caller('downstream_rq_5xx'),
  };
}

function difference(after: SidecarCounts, before: SidecarCounts): SidecarCounts {
  const pairs = (Object.keys(after) as (keyof SidecarCounts)[]).map((key) => [key, after[key] - before[key]] as const);
  return Object.fromEntries(pairs) as unknown as SidecarCounts;
}

export interface SplitMeasured {
  readonly requests: number;
  readonly version1: number;
  readonly version2: number;
  /** Neither: an error. */
  readonly failed: number;
  readonly expected: Bounds;
  /** Loads of the API meanwhile, and those that gave the whole catalog. */
  readonly apiLoads: number;
  readonly apiComplete: number;
}

const API_LOADS = 50;

export async function measureSplit({ demo }: Target, requests: number): Promise<SplitMeasured> {
  await postSettings(demo, { flaky: false, retries: true, canary: false, split: 50 });
  const [pages, catalogs] = await Promise.all([
    sendMany({ url: `${demo.gateway}/home/`, parallel: PARALLEL }, requests),
    sendMany({ url: `${demo.gateway}/api/playlists`, parallel: 1 }, API_LOADS),
  ]);
  const versions = pages.map(versionOf);
  return {
    requests,
    version1: versions.filter((version) => version === 1).length,
    version2: versions.filter((version) => version === 2).length,
    failed: versions.filter((version) => version === undefined).length,
    expected: binomialBounds(requests, 0.5, TAIL * 5),
    apiLoads: API_LOADS,
    apiComplete: catalogs.filter(isWholeCatalog).length,
  };
}

function versionOf({ status, body }: Reply): 1 | 2 | undefined {
  if (status !== 200 || !body.includes('Video Catalog')) return undefined;
  return body.includes(V2_MARK) ? 2 : 1;
}

export interface CanaryMeasured {
  /** The whole header; undefined for none. */
  readonly cookie: string | undefined;
  readonly expected: 1 | 2;
  readonly requests: number;
  readonly right: number;
}

/** The rule is a full match of `^(.*?;)?(version=v2)(;.*)?$`: a space before the name keeps it from matching. */
const CANARY_CASES: readonly Pick<CanaryMeasured, 'cookie' | 'expected'>[] = [
  { cookie: 'version=v2', expected: 2 },
  { cookie: 'version=v2; a=b', expected: 2 },
  { cookie: 'a=b;version=v2', expected: 2 },
  { cookie: undefined, expected: 1 },
  { cookie: 'version=v1', expected: 1 },
  { cookie: 'xversion=v2', expected: 1 },
  { cookie: 'version=v21', expected: 1 },
  { cookie: 'a=b; version=v2', expected: 1 },
];
const CANARY_REQUESTS = 100;

export async function measureCanary({ demo }: Target): Promise<CanaryMeasured[]> {
  await postSettings(demo, { split: 0, canary: true });
  const results: CanaryMeasured[] = [];
  for (const { cookie, expected } of CANARY_CASES) {
    const headers = cookie === undefined ? {} : { cookie };
    const replies = await sendMany({ url: `${demo.gateway}/home/`, parallel: PARALLEL, headers }, CANARY_REQUESTS);
    const right = replies.filter((reply) => versionOf(reply) === expected).length;
    results.push({ cookie, expected, requests: CANARY_REQUESTS, right });
  }
  return results;
}

export interface ChangesMeasured {
  readonly changes: number;
  /** Requests sent while the weights changed. */
  readonly requests: number;
  readonly failed: number;
}

const WEIGHTS = [100, 0, 50, 10, 90, 25, 75, 1, 99, 50];

/** Changes the weights, and the retries, again and again under load. */
export async function measureChanges({ demo }: Target): Promise<ChangesMeasured> {
  await postSettings(demo, { flaky: false, canary: false, split: 0 });
  let requests = 0;
  let failed = 0;
  let changing = true;
  const load = (path: string, isGood: (reply: Reply) => boolean): Promise<void> =>
    sendRequests(
      { url: demo.gateway + path, parallel: 3 },
      () => changing,
      (reply) => {
        requests += 1;
        if (!isGood(reply)) failed += 1;
      },
    );
  const change = async (): Promise<void> => {
    try {
      for (const [at, split] of WEIGHTS.entries()) await postSettings(demo, { split, retries: at % 2 === 0 });
    } finally {
      changing = false;
    }
  };
  await Promise.all([
    change(),
    load('/home/', (reply) => versionOf(reply) !== undefined),
    load('/api/playlists', isWholeCatalog),
  ]);
  return { changes: WEIGHTS.length, requests, failed };
}
