import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { NetworkLock } from './network-lock.ts';
import {
  createNamespace,
  removeAbandonedNamespaces,
  removeNamespace,
  type NetworkNamespace,
  type NetworkSystem,
} from './network-namespace.ts';
import { ownMark } from '@weft/core-runtime';
import type { CommandResult } from './run-command.ts';

const OK: CommandResult = { code: 0, out: '', err: '' };
const FAILED: CommandResult = { code: 1, out: '', err: 'no' };

/** What `ip` does to a machine, as far as namespaces go. */
class FakeMachine implements NetworkSystem {
  readonly etc: string;
  readonly owners: string;
  readonly lock: NetworkLock;
  readonly namespaces = new Set<string>();
  /** Those with a process inside. */
  readonly busy = new Set<string>();
  bridge = false;
  /** Happens between a look at the namespaces and the end of the bridge. */
  beforeBridgeGoes: () => void = () => undefined;

  constructor(t: TestContext, lock: NetworkLock) {
    const folder = mkdtempSync(join(tmpdir(), 'weft-fake-'));
    t.after(() => rmSync(folder, { recursive: true }));
    this.etc = join(folder, 'etc');
    this.owners = join(folder, 'owners');
    this.lock = lock;
  }

  readonly run = (command: string, args: readonly string[]): CommandResult => {
    if (command !== 'ip') return OK;
    const line = args.join(' ');
    const [, verb = '', name = ''] = args;
    if (line === 'netns list') return { ...OK, out: [...this.namespaces].map((one) => `${one} (id: 0)\n`).join('') };
    if (line.startsWith('netns add')) return this.namespaces.has(name) ? FAILED : (this.namespaces.add(name), OK);
    if (line.startsWith('netns del')) return this.namespaces.delete(name) ? OK : FAILED;
    if (line.startsWith('netns pids')) return { ...OK, out: this.busy.has(name) ? '77\n' : '' };
    if (line === 'link show weft0') return this.bridge ? OK : FAILED;
    if (line === 'link add weft0 type bridge') return ((this.bridge = true), OK);
    if (line === 'link del weft0') return (this.beforeBridgeGoes(), (this.bridge = false), OK);
    return verb === 'set' && line.includes('master weft0') && !this.bridge ? FAILED : OK;
  };
}

/** The machine's lock, in one process: what comes while a task runs waits for its end. */
function queue(): NetworkLock {
  let last: Promise<unknown> = Promise.resolve();
  return {
    exclusively: (task) => {
      const mine = last.then(task);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
const NO_LOCK: NetworkLock = { exclusively: (task) => Promise.resolve(task()) };

/** The last run of a machine ends while another begins; whether that one still has its bridge afterwards. */
async function bridgeOfTheNext(t: TestContext, lock: NetworkLock): Promise<boolean> {
  const machine = new FakeMachine(t, lock);
  const first = await createNamespace(machine, []);
  let next: Promise<NetworkNamespace> | undefined;
  machine.beforeBridgeGoes = () => (next ??= createNamespace(machine, []));
  await removeNamespace(machine, first.name);
  assert.equal((await next)?.name, 'weft-2');
  return machine.bridge;
}

test('a run that ends does not take the bridge from one that begins', async (t) => {
  assert.equal(await bridgeOfTheNext(t, queue()), true);
  // Else the order of events that is played here would be no danger.
  assert.equal(await bridgeOfTheNext(t, NO_LOCK), false);
});

test('a namespace in which nothing runs yet is not abandoned while its run lives', async (t) => {
  const machine = new FakeMachine(t, queue());
  const [starting, killed, leftProgram, older] = [
    await createNamespace(machine, []),
    await createNamespace(machine, []),
    await createNamespace(machine, []),
    await createNamespace(machine, []),
  ];
  const gone = JSON.stringify({ ...ownMark(), started: '1' });
  for (const { name } of [killed, leftProgram]) writeFileSync(join(machine.owners, `${name}.json`), gone);
  machine.busy.add(leftProgram.name);
  rmSync(join(machine.owners, `${older.name}.json`));
  assert.deepEqual(await removeAbandonedNamespaces(machine), [killed.name, older.name]);
  assert.deepEqual([...machine.namespaces], [starting.name, leftProgram.name]);
  assert.equal(machine.bridge, true);
});

test('a namespace leaves nothing behind, and the last one no bridge', async (t) => {
  const machine = new FakeMachine(t, queue());
  const one = await createNamespace(machine, ['videos-api', 'videos-api', 'redis']);
  const two = await createNamespace(machine, []);
  assert.deepEqual([one.name, one.address, two.address], ['weft-2', '10.94.0.2', '10.94.0.3']);
  await removeNamespace(machine, one.name);
  assert.equal(machine.bridge, true);
  await removeNamespace(machine, two.name);
  assert.equal(machine.bridge, false);
  assert.deepEqual([readdirSync(machine.etc), readdirSync(machine.owners)], [[], []]);
});

test('what was made is undone when a step fails', async (t) => {
  const machine = new FakeMachine(t, queue());
  const broken: NetworkSystem = {
    etc: machine.etc,
    owners: machine.owners,
    lock: machine.lock,
    run: (command, args) => (args.includes('default') ? FAILED : machine.run(command, args)),
  };
  await assert.rejects(createNamespace(broken, []), /route add default via 10.94.0.1 failed with 1: no/);
  assert.deepEqual([[...machine.namespaces], machine.bridge], [[], false]);
});
