import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { freshBundles, WORKLOAD_BUNDLE } from './bundles.ts';

test('bundles count while every file they were made from is as it was', (t) => {
  const bundled = mkdtempSync(join(tmpdir(), 'weft-bundled-'));
  t.after(() => rmSync(bundled, { recursive: true }));
  assert.equal(freshBundles(bundled), undefined);
  const source = join(bundled, 'source.ts');
  const folder = join(bundled, 'at-1');
  writeFileSync(source, 'one');
  const { size, mtimeMs } = statSync(source);
  writeFileSync(join(bundled, 'newest.json'), JSON.stringify({ folder, inputs: { [source]: `${size} ${mtimeMs}` } }));
  assert.equal(freshBundles(bundled), undefined, 'the bundle itself is missing');
  mkdirSync(dirname(join(folder, WORKLOAD_BUNDLE)), { recursive: true });
  writeFileSync(join(folder, WORKLOAD_BUNDLE), '');
  assert.equal(freshBundles(bundled), folder);
  utimesSync(source, 1, 1);
  assert.equal(freshBundles(bundled), undefined);
  rmSync(source);
  assert.equal(freshBundles(bundled), undefined);
});
