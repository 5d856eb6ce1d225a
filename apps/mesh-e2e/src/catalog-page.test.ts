import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { freePort, type RunningRedis } from '@weft/testing-harness';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import {
  seededRedis,
  startIngress,
  startPlaylistsApi,
  startVideosApi,
  startVideosWeb,
  type FakeService,
  type RunningService,
} from './catalog-world.ts';

const PLAYLISTS = '#accordion > .card';
const VIDEOS = '.card.video';

/** Set it to a folder to get a picture of each state. */
const SCREENSHOTS = process.env['WEFT_SCREENSHOTS'];

let browser: Browser;
let page: Page;
let redis: RunningRedis;
let web: Record<'v1' | 'v2', RunningService>;
const cleanups: (() => Promise<unknown>)[] = [];

before(async () => {
  browser = await launchBrowser();
  redis = await seededRedis();
  const [v1, v2] = await Promise.all([startVideosWeb('1'), startVideosWeb('2')]);
  web = { v1, v2 };
});
after(async () => {
  await browser.close();
  await Promise.all([web.v1, web.v2, ...running].map(({ process }) => process.stop()));
  await redis.stop();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(url: string, colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<void> {
  page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  cleanups.push(() => page.close());
  await page.goto(url);
}

async function picture(name: string): Promise<void> {
  if (SCREENSHOTS !== undefined) await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Those that have no state are started once. */
const services = new Map<boolean, Promise<number>>();
const running: RunningService[] = [];

/** The port of a playlists-api, whose videos-api runs or does not. */
function playlists(withVideos: boolean): Promise<number> {
  const start = async (): Promise<number> => {
    const videos = withVideos ? await startVideosApi(redis.port) : undefined;
    const api = await startPlaylistsApi(redis.port, videos?.port ?? (await freePort()));
    running.push(api, ...(videos === undefined ? [] : [videos]));
    return api.port;
  };
  const known = services.get(withVideos) ?? start();
  services.set(withVideos, known);
  return known;
}

/** The page and its API behind one address. What `neighbours` leaves out does not run. */
async function ingress(neighbours: { playlists?: boolean; videos?: boolean }, version: 'v1' | 'v2' = 'v1') {
  const api = neighbours.playlists === true ? await playlists(neighbours.videos === true) : await freePort();
  const front: FakeService = await startIngress({ web: web[version].port, api });
  cleanups.push(() => front.close());
  return { home: `http://127.0.0.1:${front.port}/home/`, front };
}

async function startAndCleanUp(starting: Promise<RunningService>): Promise<number> {
  const { port, process } = await starting;
  cleanups.push(() => process.stop());
  return port;
}

async function settled(): Promise<void> {
  await page.waitForSelector('.status:not([data-state="loading"])');
}

suite('the stages of the demo, in the classic page', () => {
  test('with the page alone it is blank', async () => {
    const { home } = await ingress({});
    page = await browser.newPage();
    cleanups.push(() => page.close());
    const failedCall = page.waitForEvent('console', (message) => message.text().includes('failed'));
    await page.goto(`${home}?mode=classic`);
    await failedCall;
    assert.equal((await page.locator('body').innerText()).trim(), '');
    assert.equal(await page.locator(PLAYLISTS).count(), 0);
  });

  test('with playlists-api there are four playlists without videos', async () => {
    const { home } = await ingress({ playlists: true });
    await open(`${home}?mode=classic`);
    await page.waitForSelector(PLAYLISTS);
    assert.deepEqual(await page.locator('.playlist-name').allInnerTexts(), [
      'CI/CD',
      'K8s in the Cloud',
      'Storage and MessageBrokers',
      'K8s Autoscaling',
    ]);
    assert.equal(await page.locator(VIDEOS).count(), 0);
  });

  test('with videos-api there are four playlists and nine videos', async () => {
    const { home } = await ingress({ playlists: true, videos: true });
    await open(`${home}?mode=classic`);
    await page.waitForSelector(PLAYLISTS);
    assert.equal(await page.locator(PLAYLISTS).count(), 4);
    assert.equal(await page.locator(VIDEOS).count(), 9);
    await picture('classic');
  });
});

suite('the whole catalog', () => {
  for (const [scheme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const) {
    test(`is shown on a ${scheme} screen ${width} pixels wide, and nothing sticks out`, async () => {
      const { home } = await ingress({ playlists: true, videos: true });
      await open(home, scheme, width);
      await settled();
      assert.equal(await page.locator(PLAYLISTS).count(), 4);
      assert.equal(await page.locator(VIDEOS).count(), 9);
      assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
      await picture(`catalog-${scheme}-${width}`);
    });
  }

  test('says what came, has its title, and every picture is there without a call of another host', async () => {
    const { home } = await ingress({ playlists: true, videos: true });
    page = await browser.newPage();
    cleanups.push(() => page.close());
    const hosts = new Set<string>();
    const complaints: string[] = [];
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(home);
    await settled();
    assert.equal(await page.title(), 'Video Catalog');
    assert.match(await page.locator('.status').innerText(), /^4 playlists, 9 videos in \d+ ms$/);
    for (const image of await page.locator('.card-img-top').all()) {
      await image.scrollIntoViewIfNeeded();
      await image.evaluate((element) => (element as unknown as { decode(): Promise<void> }).decode());
    }
    assert.deepEqual([...hosts], [new URL(home).host]);
    assert.deepEqual(complaints, []);
  });

  test('has a card of 18rem for each video, with a link to watch it', async () => {
    const { home } = await ingress({ playlists: true, videos: true });
    await open(home);
    await settled();
    const card = page.locator(VIDEOS).first();
    await card.hover();
    await picture('hover');
    assert.equal((await card.boundingBox())?.width, 288);
    assert.equal(await card.locator('.card-title').innerText(), 'Flux CD');
    const link = card.getByText('Watch');
    assert.equal(await link.getAttribute('href'), 'https://youtu.be/OFgziggbCOg');
  });

  test('starts with all playlists open; one closes alone, and one that opens closes the others', async () => {
    const { home } = await ingress({ playlists: true, videos: true });
    await open(home);
    await settled();
    const openPanels = () => page.locator('.collapse.show').evaluateAll((panels) => panels.map((panel) => panel.id));
    assert.deepEqual(await openPanels(), ['collapse1', 'collapse2', 'collapse3', 'collapse4']);
    assert.deepEqual(await page.locator(PLAYLISTS).evaluateAll((cards) => cards.map((card) => card.id)), [
      '1',
      '2',
      '3',
      '4',
    ]);
    await page.getByRole('button', { name: 'K8s in the Cloud' }).click();
    assert.deepEqual(await openPanels(), ['collapse1', 'collapse3', 'collapse4']);
    await page.getByText('Kubernetes on Amazon').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'K8s in the Cloud' }).click();
    assert.deepEqual(await openPanels(), ['collapse2']);
    await page.getByText('Kubernetes on Amazon').waitFor({ state: 'visible' });
    await picture('accordion');
  });

  test('of version 2 has the bar of version 2', async () => {
    const { home } = await ingress({ playlists: true, videos: true }, 'v2');
    await open(home);
    await settled();
    assert.equal(await page.locator('nav.navbar .navbar-brand').innerText(), 'Video Catalog: V2');
    assert.equal(await page.locator(VIDEOS).count(), 9);
    await picture('v2');
    const { home: first } = await ingress({ playlists: true, videos: true }, 'v1');
    await page.goto(first);
    await settled();
    assert.equal(await page.locator('nav').count(), 0);
  });

  test('is found at /home without its slash', async () => {
    const { home } = await ingress({ playlists: true, videos: true });
    await open(home.replace(/\/$/, ''));
    await settled();
    assert.equal(page.url(), home);
    assert.equal(await page.locator(VIDEOS).count(), 9);
  });

  test('on localhost comes from port 81, of another origin', async () => {
    const videos = await startAndCleanUp(startVideosApi(redis.port));
    const api = await startAndCleanUp(startPlaylistsApi(redis.port, videos, { ENVIRONMENT: 'DEBUG' }));
    page = await browser.newPage();
    cleanups.push(() => page.close());
    // Port 81 of this machine is not the test's to take: the call is led to where playlists-api is.
    await page.route('http://localhost:81/', async (route) =>
      route.fulfill({ response: await route.fetch({ url: `http://127.0.0.1:${api}/` }) }),
    );
    await page.goto(`http://localhost:${web.v1.port}/`);
    await settled();
    assert.equal(await page.locator(VIDEOS).count(), 9);
  });
});

suite('the honest page', () => {
  test('shows placeholders until the answer comes', async () => {
    const { home } = await ingress({ playlists: true, videos: true });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    cleanups.push(() => page.close());
    const answer: PromiseWithResolvers<void> = Promise.withResolvers();
    await page.route('**/api/playlists', async (route) => {
      await answer.promise;
      await route.continue();
    });
    await page.goto(home);
    await page.waitForSelector('.status[data-state="loading"]');
    assert.equal(await page.locator('.placeholder').count(), 2);
    assert.equal(await page.locator(PLAYLISTS).count(), 0);
    await picture('loading');
    answer.resolve();
    await settled();
    assert.equal(await page.locator('.placeholder').count(), 0);
    assert.equal(await page.locator(VIDEOS).count(), 9);
  });

  test('says what failed, and shows the catalog when another try succeeds', async () => {
    const { home, front } = await ingress({ playlists: true, videos: true });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    cleanups.push(() => page.close());
    let failures = 1;
    await page.route('**/api/playlists', (route) =>
      failures-- > 0
        ? route.fulfill({ status: 503, contentType: 'text/plain', body: 'upstream connect error or disconnect/reset' })
        : route.continue(),
    );
    await page.goto(home);
    await settled();
    const panel = page.locator('.panel-failed');
    assert.match(await panel.innerText(), /status 503/);
    assert.match(await panel.innerText(), /upstream connect error or disconnect\/reset/);
    assert.match(await panel.innerText(), new RegExp(`GET http://127\\.0\\.0\\.1:${front.port}/api/playlists`));
    assert.equal(await page.locator(PLAYLISTS).count(), 0);
    await picture('failed');
    await panel.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector(VIDEOS);
    assert.equal(await panel.count(), 0);
    assert.equal(await page.locator(VIDEOS).count(), 9);
  });

  test('tells a closed connection from an answer', async () => {
    const { home } = await ingress({});
    page = await browser.newPage({ colorScheme: 'dark', viewport: { width: 390, height: 900 } });
    cleanups.push(() => page.close());
    await page.route('**/api/playlists', (route) => route.abort('connectionreset'));
    await page.goto(home);
    await settled();
    assert.match(await page.locator('.panel-failed').innerText(), /No answer came from playlists-api/);
    await picture('failed-dark-390');
  });

  test('says so when the list is empty or a playlist is', async () => {
    const { home } = await ingress({ playlists: true });
    await open(home);
    await settled();
    assert.equal(await page.locator('.no-videos').count(), 4);
    await picture('no-videos');
    await page.route('**/api/playlists', (route) => route.fulfill({ contentType: 'text/plain', body: '[]' }));
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.waitForSelector('.panel-empty');
    await picture('empty');
  });
});
