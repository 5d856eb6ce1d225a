import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileWriter } from './file-writer.ts';
import type { ProxyFile } from './proxy-files.ts';

test('only files that change are written, each time with a new version', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, value: string): ProxyFile => ({
    proxy: 'gateway',
    path: join(folder, 'deep', name),
    comment: name,
    content: { resources: [{ value }] },
  });
  const writer = new FileWriter();
  assert.equal(writer.write([file('a', 'x'), file('b', 'x')]).length, 2);
  assert.deepEqual(writer.write([file('a', 'x'), file('b', 'x')]), []);
  assert.deepEqual(
    writer.write([file('a', 'x'), file('b', 'y')]).map(({ comment }) => comment),
    ['b'],
  );
  assert.equal(readFileSync(join(folder, 'deep/a'), 'utf8'), '# a\nversion_info: "1"\nresources:\n- value: x\n');
  assert.equal(readFileSync(join(folder, 'deep/b'), 'utf8'), '# b\nversion_info: "2"\nresources:\n- value: "y"\n');
  assert.deepEqual(readdirSync(join(folder, 'deep')).sort(), ['a', 'b']);
});
