import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Program } from './child.ts';
import { Supervisor } from './supervisor.ts';

interface World {
  readonly supervisor: Supervisor;
  readonly said: string[];
  /** Resolves when the supervisor gives up. */
  readonly givenUp: Promise<string>;
  program(name: string, code: string): Program;
}

function world(t: TestContext): World {
  const folder = mkdtempSync(join(tmpdir(), 'weft-supervisor-'));
  const said: string[] = [];
  const { promise: givenUp, resolve } = Promise.withResolvers<string>();
  const supervisor = new Supervisor({ say: (line) => said.push(line), giveUp: resolve });
  t.after(async () => {
    await supervisor.stop([]);
    rmSync(folder, { recursive: true });
  });
  const program = (name: string, code: string): Program => ({
    name,
    command: process.execPath,
    args: ['-e', code],
    cwd: folder,
    env: {},
    log: join(folder, `${name}.log`),
  });
  return { supervisor, said, givenUp, program };
}

const STAYS = `console.log('up'); setInterval(() => {}, 1e6)`;
const withinMs = 20_000;

describe('processes under supervision', () => {
  it('end in the order of their groups', async (t) => {
    const { supervisor, program } = world(t);
    const children = ['a', 'b', 'c'].map((name) => supervisor.start(program(name, STAYS)));
    await Promise.all(children.map((child) => child.waitFor(/up/, { withinMs })));
    const ended: string[] = [];
    for (const child of children) void child.ended.then(() => ended.push(child.program.name));
    await supervisor.stop([['c'], ['a']]);
    assert.deepEqual(ended, ['c', 'a', 'b']);
  });

  it('are started again when they end by themselves, with their last lines shown', async (t) => {
    const { supervisor, said, program } = world(t);
    const { promise: again, resolve } = Promise.withResolvers<number>();
    const child = supervisor.start(program('a', STAYS), (next) => Promise.resolve(resolve(next.pid)));
    await child.waitFor(/up/, { withinMs });
    supervisor.keepRunning();
    process.kill(child.pid, 'SIGKILL');
    assert.equal(await again, supervisor.child('a')?.pid);
    assert.match(said.join('\n'), /^a has ended by SIGKILL\. Its last lines \(.*a\.log\):\n {4}up\na is started again/);
    assert.equal(supervisor.restartsOf('a'), 1);
  });

  it('that end again and again end the demo', async (t) => {
    const { supervisor, givenUp, program } = world(t);
    supervisor.keepRunning();
    const child = supervisor.start(program('a', `console.error('no luck'); process.exit(3)`));
    assert.equal(await givenUp, 'a ended 4 times within a minute');
    // The fourth line may still be on its way to the disk.
    assert.match(readFileSync(child.program.log, 'utf8'), /(?:no luck\n){3}/);
  });

  it('that cannot be started say why', async (t) => {
    const { supervisor, program } = world(t);
    const child = supervisor.start({ ...program('a', ''), command: '/nonexistent/program' });
    await assert.rejects(child.waitFor(/up/, { withinMs }), /a has ended/);
    assert.match(child.lastLines.join('\n'), /ENOENT/);
  });

  it('are no more started once everything ends', async (t) => {
    const { supervisor, program } = world(t);
    await supervisor.stop([]);
    assert.throws(() => supervisor.start(program('a', STAYS)), /a is not started/);
  });
});
