import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noAnswer, readAnswer } from './playlists.ts';

test('a list of playlists is read with gaps filled', () => {
  assert.deepEqual(readAnswer(200, '[{"id":"1","name":"n","videos":[{"id":"a","title":"t"}]},{}]', 12), {
    kind: 'loaded',
    tookMs: 12,
    playlists: [
      { id: '1', name: 'n', videos: [{ id: 'a', title: 't', description: '', imageurl: '', url: '' }] },
      { id: '', name: '', videos: [] },
    ],
  });
});

const FAILURES: readonly (readonly [status: number, body: string, summary: RegExp])[] = [
  [503, 'upstream connect error', /status 503/],
  [404, '', /status 404/],
  [200, 'hello', /not JSON/],
  [200, '', /not JSON/],
  [200, '{}', /no list/],
];

for (const [status, body, summary] of FAILURES) {
  test(`a ${status} with the body ${JSON.stringify(body)} is a failure that says so`, () => {
    const result = readAnswer(status, body, 1);
    assert.ok(result.kind === 'failed');
    assert.match(result.summary, summary);
    assert.equal(result.detail, body);
  });
}

test('a long body is cut in the detail', () => {
  const result = readAnswer(500, 'x'.repeat(1000), 1);
  assert.ok(result.kind === 'failed' && result.detail.length === 201);
});

test('no answer is a failure with the words of the browser', () => {
  assert.deepEqual(noAnswer(new TypeError('Failed to fetch')), {
    kind: 'failed',
    summary: 'No answer came from playlists-api.',
    detail: 'Failed to fetch',
  });
});
