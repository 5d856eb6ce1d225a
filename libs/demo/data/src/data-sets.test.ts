import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATA_SETS } from './data-sets.ts';

test('the playlists are one key of 515 bytes that starts with a line break and a tab', () => {
  assert.deepEqual([...DATA_SETS.playlists.keys()], ['playlists']);
  const text = DATA_SETS.playlists.get('playlists')!;
  assert.equal(Buffer.byteLength(text), 515);
  assert.ok(text.startsWith('\n\t['));
});

test('the playlists name their videos in order', () => {
  const lists = JSON.parse(DATA_SETS.playlists.get('playlists')!) as {
    id: string;
    name: string;
    videos: { id: string }[];
  }[];
  assert.deepEqual(
    lists.map((list) => [list.id, list.name, list.videos.map((video) => video.id).join(' ')]),
    [
      ['1', 'CI/CD', 'OFgziggbCOg myCcJJ_Fk10 2WSJF7d8dUg'],
      ['2', 'K8s in the Cloud', 'QThadS3Soig eyvLwK5C2dw'],
      ['3', 'Storage and MessageBrokers', 'JmCn7k0PlV4 _lpDfMkxccc'],
      ['4', 'K8s Autoscaling', 'jM36M39MA3I FfDI08sgrYY'],
    ],
  );
});

test('each video has the size it always had', () => {
  const sizes = Object.fromEntries([...DATA_SETS.videos].map(([id, text]) => [id, Buffer.byteLength(text)]));
  assert.deepEqual(sizes, {
    OFgziggbCOg: 183,
    myCcJJ_Fk10: 184,
    '2WSJF7d8dUg': 183,
    QThadS3Soig: 196,
    eyvLwK5C2dw: 244,
    JmCn7k0PlV4: 195,
    _lpDfMkxccc: 198,
    jM36M39MA3I: 206,
    FfDI08sgrYY: 202,
  });
});

test('every video is JSON that knows its own id and link', () => {
  for (const [id, text] of DATA_SETS.videos) {
    const video = JSON.parse(text) as Record<string, string>;
    assert.equal(video['id'], id);
    assert.equal(video['url'], `https://youtu.be/${id}`);
    assert.ok(video['imageurl']?.startsWith(`https://i.ytimg.com/vi/${id}/`));
  }
});

test('every video of a playlist exists', () => {
  const lists = JSON.parse(DATA_SETS.playlists.get('playlists')!) as { videos: { id: string }[] }[];
  const ids = lists.flatMap((list) => list.videos.map((video) => video.id));
  assert.deepEqual(ids.sort(), [...DATA_SETS.videos.keys()].sort());
});
