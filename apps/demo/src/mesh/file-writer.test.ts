import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MeshDocument } from './document.ts';
import { FileWriter } from './file-writer.ts';

const document = (file: string, value: string): MeshDocument => ({
  file,
  comment: `what ${file} says`,
  edges: [],
  resource: { apiVersion: 'v1', kind: 'Some', metadata: { name: 'one' }, spec: { value } },
});

test('only documents that change are written, and those that are no more are taken away', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const writer = new FileWriter(folder);
  assert.deepEqual(writer.write([document('deep/a.yaml', 'x'), document('deep/b.yaml', 'x')]), [
    'deep/a.yaml',
    'deep/b.yaml',
  ]);
  writeFileSync(join(folder, 'deep/a.yaml'), 'edited by hand');
  assert.deepEqual(writer.write([document('deep/a.yaml', 'x'), document('deep/c.yaml', 'z')]), [
    'deep/c.yaml',
    'deep/b.yaml',
  ]);
  assert.deepEqual(readdirSync(join(folder, 'deep')).sort(), ['a.yaml', 'c.yaml']);
  assert.equal(readFileSync(join(folder, 'deep/a.yaml'), 'utf8'), 'edited by hand');
  assert.equal(
    readFileSync(join(folder, 'deep/c.yaml'), 'utf8'),
    '# what deep/c.yaml says\napiVersion: v1\nkind: Some\nmetadata:\n  name: one\nspec:\n  value: z\n',
  );
});
