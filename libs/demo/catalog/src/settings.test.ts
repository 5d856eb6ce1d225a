import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openSettings, type Settings } from './settings.ts';

/** Settings from a file in a folder of their own, with a promise for the next change. */
function open(t: TestContext, content?: string): { settings: Settings; file: string; change: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'weft-settings-'));
  const file = join(folder, 'settings.env');
  if (content !== undefined) writeFileSync(file, content);
  let changed = (): void => {};
  const settings = openSettings({ env: { SETTINGS_FILE: file, FLAKY: 'env' }, onChange: () => changed() });
  t.after(() => {
    settings.close();
    rmSync(folder, { recursive: true });
  });
  const change = (): Promise<void> => new Promise((resolve) => (changed = resolve));
  return { settings, file, change };
}

test('without a file the environment decides', () => {
  const settings = openSettings({ env: { FLAKY: 'true' } });
  assert.equal(settings.get('FLAKY'), 'true');
  assert.equal(settings.get('DELAY'), undefined);
  settings.close();
});

test('the file wins over the environment, which fills the gaps', (t) => {
  const { settings } = open(t, '# switches\n DELAY = true \n');
  assert.equal(settings.get('DELAY'), 'true');
  assert.equal(settings.get('FLAKY'), 'env');
});

test('a file that is moved into place later is seen', async (t) => {
  const { settings, file, change } = open(t);
  const changed = change();
  writeFileSync(`${file}.new`, 'FLAKY=true\n');
  renameSync(`${file}.new`, file);
  await changed;
  assert.equal(settings.get('FLAKY'), 'true');
});

test('when the file goes away the environment decides again', async (t) => {
  const { settings, file, change } = open(t, 'FLAKY=file');
  assert.equal(settings.get('FLAKY'), 'file');
  const changed = change();
  rmSync(file);
  await changed;
  assert.equal(settings.get('FLAKY'), 'env');
});
