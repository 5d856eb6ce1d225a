import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, envoyProgram } from '@weft/testing-harness';
import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { GOLDEN_SHA256, sha256 } from './catalog-world.ts';
import { isAlive, runWeft, startDemo, until, type DemoStatus, type RunningDemo } from './demo-world.ts';

interface Pages {
  readonly pages: number;
  readonly complete: number;
  readonly sidecar: Readonly<
    Record<'attempts' | 'failedAttempts' | 'retries' | 'retrySuccesses' | 'calls' | 'failedCalls', number>
  >;
}

/** What `weft demo measure --json` prints. */
interface Measured {
  readonly withoutRetries: Pages;
  readonly withRetries: Pages;
  readonly split: Readonly<
    Record<'requests' | 'version1' | 'version2' | 'failed' | 'apiLoads' | 'apiComplete', number>
  >;
  readonly canary: readonly {
    readonly cookie?: string;
    readonly expected: number;
    readonly requests: number;
    readonly right: number;
  }[];
  readonly changes: { readonly changes: number; readonly requests: number; readonly failed: number };
}

/** Programs, proxies, and what runs them. */
const pidsOf = ({ processes }: DemoStatus): number[] => [
  ...new Set(processes.flatMap(({ pid, agent }) => [pid ?? [], agent ?? []]).flat()),
];

function assertAllGone(pids: readonly number[]): Promise<void> {
  return until(`processes ${pids.join(' ')} are gone`, () => !pids.some(isAlive));
}

describe('weft demo start', () => {
  let demo: RunningDemo;
  let browser: Browser;
  before(async () => {
    [demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
  });
  after(async () => {
    await Promise.all([demo.end(), browser.close()]);
  });

  it('is ready within 20 seconds and says where everything is', () => {
    const [, seconds] = /ready in ([\d.]+) s/.exec(demo.process.output) ?? [];
    assert.ok(Number(seconds) < 20, demo.process.output);
    assert.match(demo.process.output, /Redis +\S*redis-server [\d.]+ from the path, a process for each data set/);
    assert.match(demo.process.output, new RegExp(`page +http://localhost:${demo.gatewayPort}/home/`));
  });

  it('serves the whole catalog through the gateway, byte for byte', async () => {
    const { status, body } = await call({ port: demo.gatewayPort, path: '/api/playlists' });
    assert.equal(status, 200);
    assert.equal(sha256(body), GOLDEN_SHA256);
  });

  it('sends / and /home to /home/', async () => {
    for (const path of ['/', '/home']) {
      const { status, headers } = await call({ port: demo.gatewayPort, path, headers: { host: 'servicemesh.demo' } });
      assert.equal(status, 302);
      assert.equal(headers.location, 'http://servicemesh.demo/home/');
    }
  });

  it('shows four playlists and nine videos in a browser', async () => {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${demo.gatewayPort}/home/`);
    await page.locator('.card.video').nth(8).waitFor();
    assert.equal(await page.locator('#accordion > .card').count(), 4);
    assert.equal(await page.locator('.card.video').count(), 9);
    await page.close();
  });

  it('draws every edge on the status page with live figures, and throws its switches', async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(demo.control.replace('127.0.0.1', 'localhost'));
    await page.getByRole('button', { name: '5', exact: true }).click();
    const row = page.locator('#edges tbody tr', { hasText: 'playlists-api → videos-api' });
    await until('calls per second are shown', async () => Number(await row.locator('td').nth(1).textContent()) > 5);
    assert.equal(await page.locator('#graph .chip').count(), 7);
    assert.match(
      (await page.locator('#graph').textContent()) ?? '',
      /[\d.]+\/s\s*100 %.*p50 [\d.]+ ms · p99 [\d.]+ ms/,
    );
    await page.getByRole('switch', { name: 'Canary' }).click();
    await until('canary is on', async () => (await demo.status()).settings['canary'] === true);
    await page.close();
    await demo.run('set', 'canary=off');
    assert.deepEqual(faults, []);
  });

  it('tells what becomes of documents that somebody adds, on the page and where it runs', async () => {
    const added = join(demo.stateDir, 'mesh/mine.yaml');
    const text = (field: string): string =>
      `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: mine}\nspec: {${field}: ALLOW, rules: [{}]}\n`;
    const page = await browser.newPage();
    await page.goto(demo.control.replace('127.0.0.1', 'localhost'));
    const row = page.locator('#documents tbody tr', { hasText: 'mine.yaml' });
    writeFileSync(added, text('acton'));
    await row.getByText(/^refused: spec.acton: unknown field "acton"; did you mean "action"/).waitFor();
    await demo.process.waitFor(/^mesh\/mine.yaml:4 AuthorizationPolicy mine: refused: spec.acton/m);
    assert.match(await demo.run('status'), /^ {2}mine.yaml:4 AuthorizationPolicy mine: refused/m);
    writeFileSync(added, text('action'));
    await row.getByText(/^effective on \d proxies$/).waitFor();
    assert.equal(await (await fetch(`${demo.control}/mesh/mine.yaml`)).text(), text('action'));
    rmSync(added);
    await demo.process.waitFor(/^mesh\/mine.yaml is gone$/m);
    assert.equal((await fetch(`${demo.control}/mesh/mine.yaml`)).status, 404);
    await page.close();
  });

  it('shows the logs of its processes, and no other files', async () => {
    const log = await fetch(`${demo.control}/logs/gateway-proxy.log`);
    assert.match(await log.text(), /Listener 127\.0\.0\.1_\d+ accepts connections on /);
    assert.equal((await fetch(`${demo.control}/logs/..%2Frunning.json`)).status, 404);
  });

  it('refuses settings in words, and requests from elsewhere', async () => {
    const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${demo.control}/settings`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      });
    const wrong = await post('{"split": 101, "retrys": true}');
    assert.equal(wrong.status, 400);
    assert.deepEqual(((await wrong.json()) as { faults: string[] }).faults, [
      'split=101: expected a whole number from 0 to 100, the share of version 2 in percent',
      'there is no switch "retrys"; did you mean "retries"? There are flaky, retries, split, canary',
    ]);
    assert.equal((await post('{"flaky": true}', { origin: 'http://elsewhere.example' })).status, 403);
    assert.equal((await post('flaky=on', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await demo.status()).settings['flaky'], false);
  });

  it('says that canary makes a split void', async () => {
    assert.match(await demo.run('set', 'canary=on', 'split=50'), /canary is on, so split=50 has no effect/);
    assert.match(
      await demo.run('set', 'canary=off', 'split=0'),
      /In force after \d+ ms: gateway\.\nDocuments.*page\.yaml/,
    );
  });

  it('writes documents that weft analyze takes, but for the cookie of the canary', async () => {
    const analyze = () => runWeft(['analyze', '-o', 'json', join(demo.stateDir, 'mesh')]);
    assert.deepEqual(JSON.parse(await analyze()), []);
    await demo.run('set', 'canary=on', 'retries=on');
    const told = JSON.parse(await analyze()) as { readonly code: string; readonly file: string }[];
    assert.deepEqual(
      told.map(({ code, file }) => `${basename(file)} ${code}`),
      ['canary.yaml WFT0102'],
    );
    await demo.run('set', 'canary=off', 'retries=off');
  });

  it('heals the flaky service, splits, follows the canary, and changes without losing a request', async () => {
    const measured = JSON.parse(await demo.run('measure', '--json')) as Measured;
    const { withoutRetries, withRetries, split, canary, changes } = measured;
    // 2.6 % of 500: fewer than 2 or more than 28 happen once in five thousand runs.
    assert.equal(withoutRetries.pages, 500);
    assert.ok(
      withoutRetries.complete >= 2 && withoutRetries.complete <= 28,
      `${withoutRetries.complete} of 500 complete`,
    );
    assert.equal(withoutRetries.sidecar.retries, 0);
    assert.equal(withoutRetries.sidecar.attempts, withoutRetries.sidecar.calls);
    // Every page but the complete ones ended with its first failed call.
    assert.equal(withoutRetries.sidecar.failedCalls, 500 - withoutRetries.complete);

    assert.ok(withRetries.complete >= 499, `${withRetries.complete} of 500 complete with retries`);
    const { attempts, failedAttempts, retries, retrySuccesses, calls, failedCalls } = withRetries.sidecar;
    assert.equal(failedCalls, 500 - withRetries.complete);
    if (failedCalls === 0) assert.equal(calls, 500 * 9);
    // Every failed attempt was tried again, but for the last one of a call that failed for good.
    assert.equal(retries, failedAttempts - failedCalls);
    assert.equal(attempts, calls + retries);
    // Half a retry for each call, and every third call saved by one: ± four standard deviations.
    assert.ok(Math.abs(retries - 2250) < 240, `${retries} retries`);
    assert.ok(Math.abs(retrySuccesses - 1500) < 130, `${retrySuccesses} calls saved by a retry`);

    assert.equal(split.requests, 1000);
    assert.equal(split.failed, 0);
    assert.ok(Math.abs(split.version2 - 500) <= 52, `${split.version2} of 1000 got version 2`);
    assert.equal(split.apiComplete, split.apiLoads);

    for (const { cookie, expected, requests, right } of canary)
      assert.equal(right, requests, `cookie ${cookie ?? '(none)'}: version ${expected}`);
    assert.deepEqual(
      canary.map(({ cookie, expected }) => [cookie ?? null, expected]),
      [
        ['version=v2', 2],
        ['version=v2; a=b', 2],
        ['a=b;version=v2', 2],
        [null, 1],
        ['version=v1', 1],
        ['xversion=v2', 1],
        ['version=v21', 1],
        ['a=b; version=v2', 1],
      ],
    );
    assert.ok(changes.requests > 50, `${changes.requests} requests`);
    assert.equal(changes.failed, 0);
  });

  it('shows on the edge what the proxy has counted', async () => {
    const { edges, processes } = await demo.status();
    const admin = processes.find(({ name }) => name === 'playlists-api-sidecar')?.admin ?? '';
    const stats = await (
      await fetch(`${admin.replace('localhost', '127.0.0.1')}/stats?filter=videos-api\\..*upstream_rq_retry`)
    ).text();
    const total = edges.find(({ id }) => id === 'playlists-api→videos-api')?.total;
    assert.equal(total?.['retries'], Number(/upstream_rq_retry: (\d+)/.exec(stats)?.[1]));
    assert.match(await demo.run('status'), /playlists-api → videos-api +\d{4,} /);
  });

  it('starts a service again that has ended', async () => {
    const find = async () => (await demo.status()).processes.find(({ name }) => name === 'videos-api');
    process.kill((await find())?.pid ?? 0, 'SIGKILL');
    await demo.process.waitFor(/videos-api has ended with exit code 137[^]*videos-api is started again/);
    assert.equal((await find())?.restarts, 1);
    await until('the catalog is whole again', async () => {
      const { body } = await call({ port: demo.gatewayPort, path: '/api/playlists' }).catch(() => ({ body: '' }));
      return sha256(body) === GOLDEN_SHA256;
    });
  });

  it('ends with everything that it has started', async () => {
    const pids = pidsOf(await demo.status());
    assert.equal(pids.length, 14 + 7);
    assert.match(await demo.run('stop'), /The demo has ended/);
    assert.equal((await demo.process.exited).code, 0);
    assert.deepEqual(pids.filter(isAlive), []);
    await assert.rejects(demo.run('status'), /no demo runs/);
  });
});

describe('a demo on a machine without redis-server', () => {
  it('serves the whole catalog, says so, and leaves nothing behind when it is killed', async () => {
    const demo = await startDemo([], { PATH: '/nonexistent' });
    try {
      assert.match((await demo.status()).redis, /^embedded in the demo/);
      assert.equal(sha256((await call({ port: demo.gatewayPort, path: '/api/playlists' })).body), GOLDEN_SHA256);
      const pids = pidsOf(await demo.status());
      assert.equal(pids.length, 14 + 7);
      process.kill(demo.process.pid, 'SIGKILL');
      await assertAllGone(pids);
      await assert.rejects(demo.run('status'), /no demo runs/);
    } finally {
      await demo.end();
    }
  });
});

describe('weft demo start --envoy', () => {
  it('runs the same mesh on Envoy: the catalog is whole, and switches are taken', async () => {
    const envoy = await envoyProgram();
    const demo = await startDemo(['--envoy', envoy]);
    try {
      assert.equal(sha256((await call({ port: demo.gatewayPort, path: '/api/playlists' })).body), GOLDEN_SHA256);
      assert.match(
        await demo.run('set', 'canary=on', 'retries=off'),
        /In force after \d+ ms: gateway, playlists-api-sidecar/,
      );
      const { headers } = await call({ port: demo.gatewayPort, path: '/home/', headers: { cookie: 'version=v2' } });
      assert.equal(headers['x-version'], '2');
    } finally {
      await demo.end();
    }
  });
});

describe('weft demo start on a taken port', () => {
  it('names the port, what it is for, who holds it and what to do', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const start = runWeft(
      ['demo', 'start', '--auto-ports', '--gateway-port', String(port), '--state-dir', '/tmp/weft-no-demo'],
      { REDIS_URL: '' },
    );
    await assert.rejects(start, (error: Error) => {
      assert.match(error.message, new RegExp(`${port}, for the gateway.*--gateway-port N chooses another one`));
      assert.match(error.message, new RegExp(`held by process ${process.pid}: `));
      assert.match(error.message, /--auto-ports/);
      return true;
    });
    holder.close();
  });
});
