import { ownMark } from '@weft/core-runtime';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { runControlPlane } from './run-control-plane.ts';
import { StateLock } from './state-lock.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-lock-'));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

interface Run {
  readonly code: number | undefined;
  readonly text: string;
  /** What SIGINT does. */
  readonly interrupt: () => Promise<number>;
}

async function run(folder: string, flags: readonly string[] = []): Promise<Run> {
  let text = '';
  let code: number | undefined;
  const ended = Promise.withResolvers<number>();
  let interrupt = (): void => undefined;
  const ports = ['--xds-port=0', '--secure-port=0', '--metrics-port=0', '--debug-port=0'];
  await runControlPlane(['--config-dir', folder, ...ports, '--log-level=error', ...flags], {
    out: (more) => void (text += more),
    err: (more) => void (text += more),
    onSignal: (signal, task) => {
      if (signal === 'SIGINT') interrupt = task;
    },
    exit: (given) => {
      code = given;
      ended.resolve(given);
    },
  });
  const result: Run = {
    get code() {
      return code;
    },
    get text() {
      return text;
    },
    interrupt: () => {
      interrupt();
      return ended.promise;
    },
  };
  return result;
}

test('a second control plane of a folder is refused, and changes nothing of the first', async () => {
  const folder = newFolder();
  const first = await run(folder);
  const place = readFileSync(join(folder, '.weft-state/control-plane.json'), 'utf8');
  const second = await run(folder);
  assert.equal(second.code, 1);
  assert.match(
    second.text,
    RegExp(
      `^weft control-plane: ${folder}/.weft-state is the state of the control plane that runs as process ${process.pid}:\n` +
        'weft control-plane: end that one first, or give this one a --state-dir of its own\n$',
    ),
  );
  assert.equal(readFileSync(join(folder, '.weft-state/control-plane.json'), 'utf8'), place);
  assert.equal(await first.interrupt(), 0);
  assert.match(first.text, /SIGINT: the control plane ends; its proxies go on with what they have\n$/);
  const third = await run(folder);
  assert.equal(third.code, undefined, third.text);
  await third.interrupt();
});

test('a lock of a process that is gone, or of a container that nobody can ask, is taken over', () => {
  const folder = newFolder();
  for (const text of [
    '',
    '{',
    JSON.stringify({ ...ownMark(), started: '1' }),
    JSON.stringify({ ...ownMark(), space: 'pid:[1]' }),
  ]) {
    writeFileSync(join(folder, 'control-plane.lock'), text);
    const lock = StateLock.take(folder);
    assert.throws(() => StateLock.take(folder), /runs as process/);
    lock.release();
    assert.deepEqual(readdirSync(folder), ['.gitignore']);
  }
});

test('a lock that somebody else took meanwhile is not given up', () => {
  const folder = newFolder();
  const mine = StateLock.take(folder);
  rmSync(join(folder, 'control-plane.lock'));
  const theirs = StateLock.take(folder);
  mine.release();
  assert.throws(() => StateLock.check(folder), /runs as process/);
  theirs.release();
});

test('keys and state are kept out of git, unless somebody has decided otherwise', () => {
  const folder = newFolder();
  StateLock.take(folder).release();
  assert.match(readFileSync(join(folder, '.gitignore'), 'utf8'), /^\*$/m);
  writeFileSync(join(folder, '.gitignore'), '!ca.json\n');
  StateLock.take(folder).release();
  assert.equal(readFileSync(join(folder, '.gitignore'), 'utf8'), '!ca.json\n');
});

test('all ports that are taken are told with who has them, and nothing was made', async () => {
  const folder = newFolder();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const refused = await run(folder, [`--debug-port=${port}`, `--xds-port=${port}`]);
  assert.equal(refused.code, 1);
  const lines = refused.text.split('\n');
  assert.match(
    lines[0] ?? '',
    RegExp(`^weft control-plane: --xds-port: port ${port} is held by process ${process.pid}: node`),
  );
  assert.match(lines[1] ?? '', /^weft control-plane: --debug-port: port/);
  assert.match(lines[2] ?? '', /npx weft demo stop.*0 lets the system choose/);
  assert.equal(existsSync(join(folder, '.weft-state')), false);
});
