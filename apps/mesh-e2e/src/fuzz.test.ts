import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { WORKSPACE } from '@weft/testing-harness';

// The same inputs each time. `npm run fuzz` looks for new ones, for as long as it is told.
const ARGS = ['--runs', '4000', '--seed', '1'];

test('no parser breaks a promise on thousands of mutated inputs', async () => {
  const main = join(WORKSPACE, 'tools/fuzz/main.ts');
  const flags = ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning', main, ...ARGS];
  const env = { ...process.env, NODE_TEST_CONTEXT: '' };
  const { code, out } = await new Promise<{ code: unknown; out: string }>((resolve) => {
    execFile(process.execPath, flags, { env }, (error, stdout) => resolve({ code: error?.code ?? 0, out: stdout }));
  });
  assert.match(out, /(\d+) of \1 parsers kept their promises/);
  assert.equal(code, 0);
});
