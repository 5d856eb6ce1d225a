import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { FileSubscription } from './file-subscription.ts';
import type { ResourceUpdate } from './subscription.ts';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';

function response(version: string, ...names: string[]): string {
  const resources = names.map((name) => `- {"@type": type.googleapis.com/${CLUSTER}, name: ${name}}`);
  return `version_info: "${version}"\nresources:\n${resources.join('\n')}\n`;
}

/** A watcher that remembers what it got, refuses clusters called "bad", and can be waited for. */
class Watcher {
  readonly updates: string[] = [];
  private waiting: (() => void)[] = [];

  onUpdate(update: ResourceUpdate): Promise<void> {
    this.updates.push(`${update.version}: ${update.added.map(({ name }) => name).join(' ')}`);
    for (const resolve of this.waiting.splice(0)) resolve();
    this.judge(update);
    return Promise.resolve();
  }
  judge({ added }: ResourceUpdate): void {
    for (const { message, cx } of added)
      if ((message as Cluster).name === 'bad') cx.at('name').error('is bad, not a good name');
  }
  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

describe('a subscription to a file', () => {
  let folder: string;
  let path: string;
  let open: FileSubscription | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-xds-'));
    path = join(folder, 'cds.yaml');
  });
  afterEach(() => {
    open?.close();
    rmSync(folder, { recursive: true });
  });

  async function subscribe(at = path) {
    const watcher = new Watcher();
    const stats = createNullScope();
    const runtime = createFakeRuntime();
    open = new FileSubscription({ path: at, typeName: CLUSTER, stats, runtime }, watcher);
    await open.start();
    return { watcher, runtime, count: (name: string) => stats.counter(name).value };
  }
  /** As an operator does it: written beside, moved in. */
  function moveIn(text: string): void {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  it('has its resources when it is started, with the version that the file names', async () => {
    moveIn(response('v1', 'a', 'b'));
    const { watcher, count } = await subscribe();
    assert.deepEqual(watcher.updates, ['v1: a b']);
    assert.deepEqual([count('update_attempt'), count('update_success')], [1, 1]);
  });

  it('applies a file that is moved in', async () => {
    moveIn(response('v1', 'a'));
    const { watcher } = await subscribe();
    const next = watcher.next();
    moveIn(response('v2', 'b'));
    await next;
    assert.deepEqual(watcher.updates, ['v1: a', 'v2: b']);
  });

  it('counts and logs a refused set, with its faults, and goes on', async () => {
    moveIn(response('v1', 'bad'));
    const { watcher, count, runtime } = await subscribe();
    assert.equal(count('update_rejected'), 1);
    assert.match(
      runtime.logged.join(''),
      /was refused; the last good configuration stays in force:\n.*resources\[0\]\.name: is bad/,
    );
    const next = watcher.next();
    moveIn(response('v2', 'good'));
    await next;
    assert.equal(watcher.updates.at(-1), 'v2: good');
  });

  it('never shows a text that cannot be read as resources to the watcher, and says where it is wrong', async () => {
    moveIn('resources:\n- {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, nam: a}\n');
    const { watcher, count, runtime } = await subscribe();
    assert.deepEqual(watcher.updates, []);
    assert.equal(count('update_rejected'), 1);
    assert.match(runtime.logged.join(''), /cds\.yaml:2:\d+: resources\[0\]\.nam.*did you mean "name"/);
  });

  it('has the rest of a text with faults judged, so that all is told at once', async () => {
    moveIn(
      'resources:\n- {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, nam: a}\n' +
        '- {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: bad}\n',
    );
    const { watcher, count, runtime } = await subscribe();
    assert.deepEqual(watcher.updates, []);
    assert.equal(count('update_rejected'), 1);
    assert.match(runtime.logged.join(''), /resources\[0\]\.nam.*\n.*resources\[1\]\.name: is bad, not a good name/);
  });

  it('waits for a file that is not there yet', async () => {
    const { watcher, count, runtime } = await subscribe();
    assert.equal(count('update_failure'), 1);
    assert.match(
      runtime.logged.join(''),
      /cannot be read.*it is read as soon as it appears|is read as soon as it appears/,
    );
    const next = watcher.next();
    moveIn(response('v1', 'a'));
    await next;
    assert.deepEqual(watcher.updates, ['v1: a']);
  });

  it('follows the links by which Kubernetes swaps a ConfigMap', async () => {
    for (const version of ['1', '2']) {
      mkdirSync(join(folder, `..${version}`));
      writeFileSync(join(folder, `..${version}`, 'cds.yaml'), response(`v${version}`, `c${version}`));
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync(join('..data', 'cds.yaml'), path);
    const { watcher } = await subscribe();
    const next = watcher.next();
    symlinkSync('..2', join(folder, '..data.new'));
    renameSync(join(folder, '..data.new'), join(folder, '..data'));
    await next;
    assert.deepEqual(watcher.updates, ['v1: c1', 'v2: c2']);
  });

  it('names a version by the content where the file names none', async () => {
    moveIn(response('', 'a'));
    const { watcher } = await subscribe();
    assert.match(watcher.updates[0] ?? '', /^[0-9a-f]{12}: a$/);
  });
});
