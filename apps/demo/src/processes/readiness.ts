import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from './child.ts';

const LOOK_EVERY_MS = 40;
const ANSWER_WITHIN_MS = 1_000;

/** Waits until a proxy's admin says that it takes requests. Rejects when its process ends before. */
export async function untilProxyReady(adminPort: number, child: Child, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!child.alive) throw new Error(`${child.program.name} has ended`);
    const { status, body } = await get(`http://127.0.0.1:${adminPort}/ready`);
    if (status === 200 && body.trim() === 'LIVE') return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`${child.program.name} was not ready within ${withinMs / 1000} s`);
}

const PLAYLISTS = 4;
const VIDEOS = 9;

/** Waits until the page and the whole catalog come through the gateway. */
export async function untilCatalogServed(gateway: number, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  let last = '';
  while (performance.now() < deadline) {
    const page = await get(`http://127.0.0.1:${gateway}/home/`);
    const catalog = await get(`http://127.0.0.1:${gateway}/api/playlists`);
    const [lists, videos] = catalogSize(catalog.body);
    const whole = lists === PLAYLISTS && videos === VIDEOS;
    if (whole && page.status === 200 && page.body.includes('Video Catalog')) return;
    last = `page ${page.status}, API ${catalog.status} with ${lists} playlists and ${videos} videos`;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`the catalog did not come through the gateway within ${withinMs / 1000} s: ${last}`);
}

function catalogSize(body: string): [number, number] {
  try {
    const lists = JSON.parse(body) as { videos: unknown[] }[];
    return [lists.length, lists.reduce((sum, list) => sum + list.videos.length, 0)];
  } catch {
    return [0, 0];
  }
}

async function get(url: string): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { status: response.status, body: await response.text() };
  } catch {
    return { status: 0, body: '' };
  }
}
