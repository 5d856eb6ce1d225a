import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVideo, readPlaylists } from './playlists.ts';

test('a playlist keeps its id, its name and the ids of its videos', () => {
  assert.deepEqual(readPlaylists('[{"id":"1","name":"n","videos":[{"id":"a"}]}]'), [
    { id: '1', name: 'n', videos: [{ id: 'a', title: '', description: '', imageurl: '', url: '' }] },
  ]);
});

test('a playlist may leave its videos out', () => {
  assert.deepEqual(readPlaylists('[{"id":"1","videos":null},{}]'), [
    { id: '1', name: '', videos: [] },
    { id: '', name: '', videos: [] },
  ]);
});

for (const text of ['', 'text', '{}', '[7]', '[{"videos":{}}]', '[{"id":1}]']) {
  test(`${JSON.stringify(text)} is no list of playlists`, () => {
    assert.throws(() => readPlaylists(text));
  });
}

test('an empty object is a video with empty fields, in order', () => {
  assert.equal(JSON.stringify(parseVideo('{}')), '{"id":"","title":"","description":"","imageurl":"","url":""}');
});

for (const text of ['', 'no healthy upstream', '[]', '{"id":1}', '{}x']) {
  test(`${JSON.stringify(text)} is no video`, () => {
    assert.throws(() => parseVideo(text));
  });
}
