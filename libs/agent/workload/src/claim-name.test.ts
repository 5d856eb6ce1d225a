import { ownMark } from '@weft/core-runtime';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimName } from './claim-name.ts';
import { NameTaken, RegistrationRefused } from './registration-client.ts';

const TAKEN = 'default/web is already registered by another run; for a replica: --name web-2 --service web';

interface World {
  readonly runtime: FakeRuntime;
  readonly said: string[];
  /** What each call was told to replace. */
  readonly calls: string[];
  readonly claimed: Promise<void>;
  /** One second, and what follows from it. */
  readonly second: () => Promise<void>;
}

/** `answer`: undefined registers. */
function claim(answer: (call: number, replaces: string) => Error | undefined): World {
  const runtime = createFakeRuntime();
  const said: string[] = [];
  const calls: string[] = [];
  const client = {
    register: (replaces = ''): Promise<void> => {
      calls.push(replaces);
      const error = answer(calls.length, replaces);
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    },
  };
  const claimed = claimName({ client, runtime, say: (line) => said.push(line), withinMs: 3000 });
  claimed.catch(() => undefined);
  const second = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    runtime.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { runtime, said, calls, claimed, second };
}

function takenBy(mark: object, renewals = 0): NameTaken {
  return new NameTaken(TAKEN, { run: 'first', process: JSON.stringify(mark), renewals });
}

test('the name of a run that lives on this machine is refused at once, with its process', async () => {
  const { claimed, calls, said } = claim(() => takenBy(ownMark()));
  await assert.rejects(claimed, { message: `${TAKEN} (process ${process.pid} has it)` });
  assert.deepEqual([calls, said], [[''], []]);
});

test('a run whose process is gone is replaced at once', async () => {
  const gone = takenBy({ ...ownMark(), started: '1' });
  const { claimed, calls, said } = claim((_, replaces) => (replaces === 'first' ? undefined : gone));
  await claimed;
  assert.deepEqual([calls, said], [['', 'first'], []]);
});

test('a run of another machine is refused as soon as it renews', async () => {
  const { claimed, calls, said, second } = claim((call) => takenBy({ ...ownMark(), boot: 'other' }, call < 4 ? 7 : 8));
  for (let seconds = 0; seconds < 3; seconds += 1) await second();
  await assert.rejects(claimed, { message: TAKEN });
  assert.equal(calls.length, 4);
  assert.deepEqual(said, [`${TAKEN}; waiting to see whether that one still lives`]);
});

test('a run of another machine that renews no more is replaced when its lease is over, however long that is', async () => {
  const { claimed, calls, second } = claim((call) => (call <= 14 ? takenBy({}) : undefined));
  for (let seconds = 0; seconds < 14; seconds += 1) await second();
  await claimed;
  assert.deepEqual(new Set(calls), new Set(['']));
});

test('a registry that does not answer is waited for, one that refuses is not', async () => {
  const away = claim(() => new Error('connect ECONNREFUSED'));
  for (let seconds = 0; seconds < 4; seconds += 1) await away.second();
  await assert.rejects(away.claimed, /ECONNREFUSED/);
  assert.equal(away.calls.length, 5);
  const refused = claim(() => new RegistrationRefused('the token is for another'));
  await assert.rejects(refused.claimed, /the token is for another/);
});
