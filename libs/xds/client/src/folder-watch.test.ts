import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import { FileSubscription } from './file-subscription.ts';
import type { ResourceUpdate, ResourceWatcher } from './subscription.ts';

let folder: string;
const open: FileSubscription[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xds-'));
});
afterEach(() => {
  for (const subscription of open.splice(0)) subscription.close();
  rmSync(folder, { recursive: true });
});

const resources = (...names: string[]): string =>
  `version_info: "${names.join('+')}"\nresources:\n${names
    .map((name) => `- {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: ${name}}\n`)
    .join('')}`;

/** Moves a text in, as a careful writer does. */
function moveIn(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

class Watcher implements ResourceWatcher {
  readonly updates: ResourceUpdate[] = [];
  answer: (update: ResourceUpdate) => void = () => undefined;
  onUpdate(update: ResourceUpdate): Promise<void> {
    this.updates.push(update);
    return Promise.resolve().then(() => this.answer(update));
  }
  /** The names of the resources of each update. */
  get seen(): string[] {
    return this.updates.map(({ added }) => added.map(({ name }) => name).join('+'));
  }
}

interface World {
  readonly subscription: FileSubscription;
  readonly watcher: Watcher;
  readonly runtime: FakeRuntime;
  readonly stats: StatsScope;
  stat(name: string): number;
}

function subscribe(path: string, watchedDirectory?: string): World {
  const runtime = createFakeRuntime();
  const stats = createNullScope();
  const watcher = new Watcher();
  const options = { path, typeName: 'envoy.config.cluster.v3.Cluster', stats, runtime };
  const subscription = new FileSubscription(
    watchedDirectory === undefined ? options : { ...options, watchedDirectory },
    watcher,
  );
  open.push(subscription);
  return { subscription, watcher, runtime, stats, stat: (name) => stats.counter(name).value };
}

/** Lets the event loop turn until `ready` holds. */
async function turnsUntil(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setImmediate(resolve));
}

test('a folder that is not there yet, or is made anew, is waited for', async () => {
  const inner = join(folder, 'x', 'y');
  const path = join(inner, 'cds.yaml');
  const { subscription, watcher } = subscribe(path);
  await subscription.start();
  for (const name of ['a', 'b']) {
    mkdirSync(inner, { recursive: true });
    moveIn(path, resources(name));
    await turnsUntil(() => watcher.seen.at(-1) === name);
    rmSync(join(folder, 'x'), { recursive: true });
  }
  assert.deepEqual(watcher.seen, ['a', 'b']);
});

test('another folder can be watched instead of the file', async () => {
  const watched = join(folder, 'watched');
  const real = join(folder, 'real');
  mkdirSync(watched);
  mkdirSync(real);
  const path = join(real, 'cds.yaml');
  writeFileSync(path, resources('a'));
  const { subscription, watcher } = subscribe(path, watched);
  await subscription.start();
  writeFileSync(path, resources('b'));
  moveIn(join(watched, 'signal'), '');
  await turnsUntil(() => watcher.seen.length === 2);
  assert.deepEqual(watcher.seen, ['a', 'b']);
});

test('a resource of another type is refused', async () => {
  const path = join(folder, 'cds.yaml');
  writeFileSync(path, 'resources: [{"@type": type.googleapis.com/envoy.config.listener.v3.Listener, name: l}]');
  const { subscription, watcher, stat } = subscribe(path);
  await subscription.start();
  assert.deepEqual(watcher.seen, []);
  assert.equal(stat('update_rejected'), 1);
});

test('what the watcher refuses, or throws, is a rejected update and not the end', async () => {
  const path = join(folder, 'cds.yaml');
  writeFileSync(path, resources('a'));
  const { subscription, watcher, runtime, stat } = subscribe(path);
  watcher.answer = ({ added }) => added[0]?.cx.error('is not wanted');
  await subscription.start();
  assert.equal(stat('update_rejected'), 1);
  assert.match(runtime.logged.join(''), /resources\[0\]: is not wanted/);
  watcher.answer = () => {
    throw new Error('broken');
  };
  moveIn(path, resources('b'));
  await turnsUntil(() => stat('update_rejected') === 2);
  watcher.answer = () => undefined;
  moveIn(path, resources('c'));
  await turnsUntil(() => stat('update_success') === 1);
});

test('changes of other files in the folder are not looked at', async () => {
  const path = join(folder, 'cds.yaml');
  const { subscription, watcher, stat } = subscribe(path);
  await subscription.start();
  assert.equal(stat('update_failure'), 1);
  moveIn(join(folder, 'other'), 'x');
  moveIn(path, resources('a'));
  await turnsUntil(() => stat('update_success') === 1);
  assert.deepEqual(watcher.seen, ['a']);
});
