import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { call, dockerStack, eventually, freePorts, WORKSPACE, type HttpReply } from '@weft/testing-harness';
import type { StartedDockerComposeEnvironment } from 'testcontainers';
import { launchBrowser } from './browser.ts';
import { GOLDEN_SHA256, sha256 } from './catalog-world.ts';
import { composeUp, proxyStats } from './compose-world.ts';
import { frontProxyTests, scaledFrontProxyTests, type FrontProxyPorts } from './front-proxy.ts';
import { assertShare, countReplies } from './shares.ts';
import { trafficSplitTests } from './traffic-split.ts';

/** Containers take their time. */
const WITHIN_MS = 30_000;
const PLAYLISTS_API = 81;
const VIDEOS_API = 82;
const GATEWAY_ADMIN = 19_901;
const PLAYLISTS_ADMIN = 19_902;
const ADMINS = [GATEWAY_ADMIN, PLAYLISTS_ADMIN, 19_903, 19_904, 19_905];
const WEIGHTS = 'routing.traffic_split.videos_web';

const stack = await dockerStack();
const skip = stack.ready ? false : stack.reason;
const options = { skip, timeout: 180_000 };
after(async () => {
  if (stack.ready) await stack.stop();
});

const isGolden = ({ status, body }: HttpReply): boolean => status === 200 && sha256(body) === GOLDEN_SHA256;
const version = ({ status, body }: HttpReply): string => {
  if (status !== 200 || !body.includes('Video Catalog')) return `${status}: ${body.slice(0, 100)}`;
  return body.includes('Video Catalog: V2') ? 'v2' : 'v1';
};

suite('docker-compose up, in the folder of the workspace', () => {
  let running: StartedDockerComposeEnvironment;

  /** The catalog with these switches set and all its proxies ready. */
  async function up(env: Readonly<Record<string, string>> = {}): Promise<void> {
    running = await composeUp(stack, { folder: '.', name: 'weft-e2e', env });
    for (const port of ADMINS) {
      await eventually(
        `the proxy of ${port}`,
        async () => (await call({ port, path: '/ready' })).status === 200 || undefined,
        WITHIN_MS,
      );
    }
  }

  /** How many of `count` page loads had all their videos; a load that broke off had not. */
  async function completePages(count: number, atOnce: number): Promise<number> {
    let complete = 0;
    let left = count;
    const load = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const reply = await call({ port: PLAYLISTS_API }).catch(() => undefined);
        if (reply !== undefined && isGolden(reply)) complete += 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, load));
    return complete;
  }

  before(
    async () => {
      if (!stack.ready) return;
      await up();
      await eventually('the data', async () => isGolden(await call({ port: PLAYLISTS_API })) || undefined, WITHIN_MS);
    },
    { timeout: 300_000 },
  );
  after(async () => {
    if (stack.ready) await running.down({ timeout: 5_000 });
  });

  test('the playlists are the golden ones, straight and through the gateway', options, async () => {
    assert.ok(isGolden(await call({ port: PLAYLISTS_API })));
    assert.ok(isGolden(await call({ port: 80, path: '/api/playlists' })));
    assert.ok(isGolden(await call({ port: 80, path: '/api/playlists/' })));
  });

  test('a video is served on port 82, by way of its sidecar', options, async () => {
    const { status, headers, body } = await call({ port: VIDEOS_API, path: '/jM36M39MA3I' });
    assert.equal(status, 200);
    assert.equal(Buffer.byteLength(body), 206);
    assert.equal(headers['server'], 'envoy');
    assert.ok(headers['x-envoy-upstream-service-time'] !== undefined);
  });

  test('the page at http://localhost shows 4 playlists and 9 videos in Chromium', options, async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto('http://localhost/');
      await page.waitForSelector('.card.video');
      assert.equal(await page.locator('#accordion > .card').count(), 4);
      assert.equal(await page.locator('.card.video').count(), 9);
    } finally {
      await browser.close();
    }
  });

  test('Redis is reached through the sidecars', options, async () => {
    const stats = await proxyStats(PLAYLISTS_ADMIN, '^redis\\.playlists-db\\.command\\.get\\.success$');
    assert.ok((stats.get('redis.playlists-db.command.get.success') ?? 0) >= 1);
  });

  test('everyone gets version 1 of the page when nothing is switched on', options, async () => {
    assert.deepEqual(await countReplies({ port: 80, path: '/home/' }, 100, version), { v1: 100 });
  });

  test('no container runs as root', options, async () => {
    for (const name of ['gateway', 'playlists-api', 'videos-web', 'videos-api-sidecar', 'playlists-db']) {
      const { output } = await running.getContainer(name).exec(['id', '-u']);
      assert.equal(output.trim(), '1000', name);
    }
  });

  test('ROUTES=split gives half of 1000 requests version 2 and leaves the playlists alone', options, async () => {
    await up({ ROUTES: 'split' });
    const shares = await countReplies({ port: 80, path: '/home/' }, 1000, version);
    assert.deepEqual(Object.keys(shares).sort(), ['v1', 'v2']);
    assertShare(shares, 'v2', 0.5);
    const playlists = await countReplies({ port: 80, path: '/api/playlists' }, 20, (reply) => String(isGolden(reply)));
    assert.deepEqual(playlists, { true: 20 });
  });

  test('the shares of a split change under load without a failed request', options, async () => {
    const load = countReplies({ port: 80, path: '/home/' }, 1000, version);
    const path = `/runtime_modify?${WEIGHTS}.videos-web=90&${WEIGHTS}.videos-web-v2=10`;
    assert.equal((await call({ port: GATEWAY_ADMIN, method: 'POST', path })).status, 200);
    assert.deepEqual(Object.keys(await load).sort(), ['v1', 'v2']);
    assertShare(await countReplies({ port: 80, path: '/home/' }, 1000, version), 'v2', 0.1);
  });

  test('ROUTES=canary gives version 2 to whoever has the cookie, and only to them', options, async () => {
    await up({ ROUTES: 'canary' });
    const cases = {
      'version=v2': 'v2',
      'a=b;version=v2': 'v2',
      'version=v2; a=b': 'v2',
      'version=v1': 'v1',
      'xversion=v2': 'v1',
      'version=v21': 'v1',
      'a=b; version=v2': 'v1',
    };
    for (const [cookie, expected] of Object.entries(cases)) {
      const shares = await countReplies({ port: 80, path: '/home/', headers: { cookie } }, 100, version);
      assert.deepEqual(shares, { [expected]: 100 }, cookie);
    }
    assert.deepEqual(await countReplies({ port: 80, path: '/home/' }, 100, version), { v1: 100 });
  });

  test('FLAKY=true breaks nearly every page', options, async () => {
    await up({ FLAKY: 'true' });
    // 2.6 % are complete by the odds; more than 12 of 100 is one run in 100,000.
    // Chance decides about each call alone, however many are under way.
    const complete = await completePages(100, 5);
    assert.ok(complete <= 12, `${complete} of 100 complete`);
  });

  test('RETRIES=on heals them, and the sidecar counted what it repeated', options, async () => {
    await up({ FLAKY: 'true', RETRIES: 'on' });
    const names = ['upstream_rq_total', 'upstream_rq_retry', 'upstream_rq_retry_success', 'upstream_rq_200'];
    const read = async (): Promise<number[]> => {
      const stats = await proxyStats(PLAYLISTS_ADMIN, `^cluster\\.videos-api\\.(${names.join('|')})$`);
      return names.map((name) => stats.get(`cluster.videos-api.${name}`) ?? 0);
    };
    const earlier = await read();
    // One after the other: a cluster has three retries under way at most.
    const complete = await completePages(100, 1);
    assert.ok(complete >= 99, `${complete} of 100 complete`);
    const [total = 0, retry = 0, success = 0, ok = 0] = (await read()).map((value, i) => value - (earlier[i] ?? 0));
    assert.equal(total, 900 + retry);
    assert.ok(ok >= 899, `${ok} answers`);
    // One call in three fails at first, so one in three is healed by a retry; a try fails half as often as it succeeds.
    assert.ok(success > 230 && success <= 370, `${success} healed`);
    assert.ok(retry > success && retry < 620, `${retry} retries`);
  });
});

suite('docker-compose up, in examples/traffic-split', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'weft-compose-'));
  const splitConfig = join(scratch, 'split.yaml');
  const [proxy = 0, proxyAdmin = 0, split = 0, splitAdmin = 0] = await freePorts(4);
  let running: StartedDockerComposeEnvironment;

  before(
    async () => {
      if (!stack.ready) return;
      // A name that has no address anywhere; the printed one may have one on a machine with a network.
      const printed = readFileSync(join(WORKSPACE, 'examples/traffic-split/baidu-envoy-split.yaml'), 'utf8');
      writeFileSync(splitConfig, printed.replaceAll('address: baidu2.com', 'address: baidu2.invalid'), { mode: 0o644 });
      running = await composeUp(stack, {
        folder: 'examples/traffic-split',
        name: 'weft-e2e-traffic-split',
        env: {
          SPLIT_CONFIG: splitConfig,
          PROXY_PORT: String(proxy),
          PROXY_ADMIN_PORT: String(proxyAdmin),
          SPLIT_PORT: String(split),
          SPLIT_ADMIN_PORT: String(splitAdmin),
        },
      });
      for (const port of [proxyAdmin, splitAdmin]) {
        await eventually(
          `the proxy of ${port}`,
          async () => (await call({ port, path: '/ready' })).status === 200 || undefined,
          WITHIN_MS,
        );
      }
    },
    { timeout: 300_000 },
  );
  after(async () => {
    if (stack.ready) await running.down({ timeout: 5_000 });
    rmSync(scratch, { recursive: true });
  });

  trafficSplitTests({ proxy, proxyAdmin, split, splitAdmin }, skip);
});

suite('docker-compose up, in examples/front-proxy', async () => {
  const [front = 0, admin = 0, firstFront = 0, firstAdmin = 0] = await freePorts(4);
  let running: StartedDockerComposeEnvironment;
  const up = async (ports: FrontProxyPorts, instances: number): Promise<void> => {
    running = await composeUp(stack, {
      folder: 'examples/front-proxy',
      name: 'weft-e2e-front-proxy',
      env: {
        FRONT_PORT: String(ports.front),
        FRONT_ADMIN_PORT: String(ports.admin),
        SERVICE1_INSTANCES: String(instances),
      },
    });
    await eventually(
      `${instances} instances`,
      async () => {
        const stats = await proxyStats(ports.admin, 'service1.membership_total');
        return stats.get('cluster.service1.membership_total') === instances || undefined;
      },
      WITHIN_MS,
    );
  };

  before(
    async () => {
      if (!stack.ready) return;
      const first = { front: firstFront, admin: firstAdmin };
      await up(first, 1);
      // DNS is asked every five seconds: the running proxy finds the new ones by itself.
      await up(first, 3);
      // A name is there before what it names listens.
      let inARow = 0;
      await eventually(
        'answers of all three',
        async () => {
          inARow = (await call({ port: firstFront, path: '/service/1' })).status === 200 ? inARow + 1 : 0;
          return inARow >= 9 || undefined;
        },
        WITHIN_MS,
      );
      // Another port makes the front proxy anew, with its counters at 0; the services stay.
      await up({ front, admin }, 3);
    },
    { timeout: 300_000 },
  );
  after(async () => {
    if (stack.ready) await running.down({ timeout: 5_000 });
  });

  scaledFrontProxyTests({ front, admin }, skip);
  frontProxyTests({ front, admin }, skip);
});
