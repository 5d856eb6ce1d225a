import assert from 'node:assert/strict';
import { test } from 'node:test';
import { videoAnswer, type VideoAnswerParts } from './video-answer.ts';

interface Switches {
  readonly FLAKY?: string;
  readonly DELAY?: string;
}

/** An answer over a store of two videos; `asked` and `pauses` record what it did. */
function fixture(switches: Switches, draw: (limit: number) => number = () => assert.fail('no draw expected')) {
  const asked: string[] = [];
  const pauses: number[] = [];
  let printed = '';
  const videos = new Map([
    ['a', '{\n\t"id" : "a"\n\t}\n\t'],
    ['jM36M39MA3I', '{"id":"jM36M39MA3I"}'],
  ]);
  const parts: VideoAnswerParts = {
    store: {
      get: (key) => {
        asked.push(key);
        const value = videos.get(key);
        return Promise.resolve(value === undefined ? null : Buffer.from(value));
      },
      close: () => {},
    },
    settings: { get: (name) => switches[name as keyof Switches], close: () => {} },
    print: (text) => (printed += text),
    draw,
    pause: (ms) => Promise.resolve(pauses.push(ms)),
  };
  return { answer: videoAnswer(parts), asked, pauses, printed: () => printed };
}

test('the stored bytes are the answer, white space and all', async () => {
  assert.equal((await fixture({}).answer('a')).toString(), '{\n\t"id" : "a"\n\t}\n\t');
});

test('an unknown id is an empty object', async () => {
  assert.equal((await fixture({}).answer('nope')).toString(), '{}');
});

test('ids are printed one after the other without a line end', async () => {
  const { answer, printed } = fixture({});
  await answer('a');
  await answer('b');
  assert.equal(printed(), 'ab');
});

test('FLAKY fails exactly 30 of the 90 draws, before the store is asked', async () => {
  let next = 0;
  const { answer, asked } = fixture({ FLAKY: 'true' }, (limit) => next++ % limit);
  const outcomes = await Promise.allSettled(Array.from({ length: 90 }, () => answer('a')));
  assert.equal(outcomes.filter((outcome) => outcome.status === 'rejected').length, 30);
  assert.equal(asked.length, 60);
  assert.equal(next, 90);
});

for (const value of ['True', '1', 'yes', '', 'true ']) {
  test(`FLAKY=${JSON.stringify(value)} is off`, async () => {
    await fixture({ FLAKY: value }).answer('a');
  });
}

test('DELAY holds the one slow video for six seconds and no other', async () => {
  const { answer, pauses } = fixture({ DELAY: 'true' });
  await answer('a');
  assert.deepEqual(pauses, []);
  await answer('jM36M39MA3I');
  assert.deepEqual(pauses, [6_000]);
});

test('without DELAY nothing is held', async () => {
  const { answer, pauses } = fixture({});
  await answer('jM36M39MA3I');
  assert.deepEqual(pauses, []);
});
