import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DecodeContext } from './decode-context.ts';
import { formatFault } from '@weft/core-config-text';
import { loadConfig } from './load-config.ts';
import { validateMessage } from './validate/validate-message.ts';

const folder = fileURLToPath(new URL('testdata/broken', import.meta.url));
const texts = globSync(['*.yaml', '*.json'], { cwd: folder }).sort();

/** Everything that is wrong with a bootstrap, as a person reads it. */
function faultsOf(file: string): string {
  const { faults, message, source } = loadConfig({
    text: readFileSync(`${folder}/${file}`, 'utf8'),
    file,
    typeName: 'envoy.config.bootstrap.v3.Bootstrap',
  });
  const cx = new DecodeContext(source, { faults, warnings: [] });
  if (message !== undefined) validateMessage(message, cx);
  return cx.faults.map((fault) => `${formatFault(fault)}\n`).join('');
}

describe('a broken bootstrap', () => {
  for (const file of texts) {
    it(`is told all its faults with their places: ${file}`, () => {
      const golden = `${folder}/${file}.faults`;
      const found = faultsOf(file);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, found);
      assert.notEqual(found, '');
      assert.equal(found, readFileSync(golden, 'utf8'));
    });
  }

  it('has its text beside its faults', () => {
    const golden = globSync('*.faults', { cwd: folder }).map((file) => basename(file, '.faults'));
    assert.deepEqual(golden.sort(), texts);
    assert.ok(texts.length >= 10);
  });
});
