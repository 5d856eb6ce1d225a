import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { machineLock } from './network-lock.ts';

function lockFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'lock');
}

/** Another process that has the lock until it is killed. */
const HOLDER = `
  import { machineLock } from ${JSON.stringify(join(import.meta.dirname, 'network-lock.ts'))};
  await machineLock(process.argv[1]).exclusively(() => { process.stdout.write('has it'); process.kill(process.pid, 'SIGKILL'); });
`;

test('tasks follow each other, and a task that fails gives the lock back', async (t) => {
  const lock = machineLock(lockFile(t));
  const order: string[] = [];
  const answers = await Promise.allSettled([
    lock.exclusively(() => order.push('one')),
    lock.exclusively(() => {
      throw new Error('two is broken');
    }),
    lock.exclusively(() => order.push('three')),
  ]);
  assert.deepEqual(order.toSorted(), ['one', 'three']);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('a process that is killed with the lock does not keep it', async (t) => {
  const file = lockFile(t);
  const killed = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(killed.stdout, 'data')) as [Buffer];
  assert.equal(String(said), 'has it');
  assert.equal(await machineLock(file).exclusively(() => 'ours'), 'ours');
});

test('a lock that cannot be had is told, and the task does not begin', async () => {
  let begun = false;
  await assert.rejects(
    machineLock('/nonexistent/lock').exclusively(() => (begun = true)),
    /the lock \/nonexistent\/lock cannot be had: .*No such file/,
  );
  assert.equal(begun, false);
});
