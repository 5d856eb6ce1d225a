import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogAnswer } from './catalog-answer.ts';
import type { VideoReply } from './videos-client.ts';

const STORED =
  '[{"id":"1","name":"One","videos":[{"id":"a"},{"id":"b"}]},{"id":"2","name":"Two","videos":[{"id":"c"}]}]';

/** An answer over a fake Redis and a fake videos-api. Stored: a value, nothing, or a failure. */
function fixture(stored: string | null | Error, reply: (id: string) => VideoReply) {
  const calls: string[] = [];
  let printed = '';
  const answer = catalogAnswer({
    store: {
      get: () =>
        stored instanceof Error
          ? Promise.reject(stored)
          : Promise.resolve(stored === null ? null : Buffer.from(stored)),
      close: () => {},
    },
    videos: {
      video: (id) => {
        calls.push(id);
        return Promise.resolve(reply(id));
      },
      close: () => {},
    },
    print: (text) => (printed += text),
  });
  return { answer, calls, printed: () => printed };
}

const video = (id: string): VideoReply => ({ answered: true, body: `{"id":"${id}","title":"T&${id}"}` });
const shown = (id: string): string => `{"id":"${id}","title":"T\\u0026${id}","description":"","imageurl":"","url":""}`;

test('videos are called for in order and put in their playlists', async () => {
  const { answer, calls } = fixture(STORED, video);
  assert.equal(
    await answer(),
    `[{"id":"1","name":"One","videos":[${shown('a')},${shown('b')}]},{"id":"2","name":"Two","videos":[${shown('c')}]}]`,
  );
  assert.deepEqual(calls, ['a', 'b', 'c']);
});

test('a call without an answer drops the rest of its playlist and goes on with the next', async () => {
  const { answer, calls, printed } = fixture(STORED, (id) =>
    id === 'a' ? { answered: false, error: new Error('socket hang up') } : video(id),
  );
  assert.equal(
    await answer(),
    `[{"id":"1","name":"One","videos":[]},{"id":"2","name":"Two","videos":[${shown('c')}]}]`,
  );
  assert.deepEqual(calls, ['a', 'c']);
  assert.equal(printed(), 'socket hang up\n');
});

test('an answer that is no JSON loses the whole page', async () => {
  const { answer } = fixture(STORED, () => ({ answered: true, body: 'upstream connect error' }));
  await assert.rejects(answer());
});

test('an answer that is an empty object is a video with empty fields', async () => {
  const { answer } = fixture('[{"id":"1","videos":[{"id":"x"}]}]', () => ({ answered: true, body: '{}' }));
  assert.match(await answer(), /\{"id":"","title":"","description":"","imageurl":"","url":""\}/);
});

test('a failing Redis is an empty list and two lines in the log', async () => {
  const { answer, printed } = fixture(new Error('connect ECONNREFUSED'), video);
  assert.equal(await answer(), '[]');
  assert.equal(printed(), 'connect ECONNREFUSED\nerror occured retrieving playlists from Redis\n');
});

test('a missing key is an empty list', async () => {
  const { answer, calls } = fixture(null, video);
  assert.equal(await answer(), '[]');
  assert.deepEqual(calls, []);
});

test('a playlist without videos has an empty list, never null', async () => {
  assert.equal(await fixture('[{"id":"9","name":"n"}]', video).answer(), '[{"id":"9","name":"n","videos":[]}]');
});

test('stored text that is no list of playlists loses the page', async () => {
  await assert.rejects(fixture('oops', video).answer());
});
