import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Http2Stream } from './stream.ts';
import { StreamTable } from './stream-table.ts';

function streamOf(id: number): Http2Stream {
  return { id } as Http2Stream;
}

test('A table finds what a map would, whatever comes and goes', () => {
  const table = new StreamTable();
  const map = new Map<number, Http2Stream>();
  let seed = 1;
  const below = (bound: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % bound;
  };
  for (let id = 1; id < 40_000; id += 2) {
    const stream = streamOf(id);
    table.add(stream);
    map.set(id, stream);
    // Bursts come and go; a few streams stay for long.
    const leaving = map.size > 20 + (id % 4096 < 400 ? 200 : 0) ? 3 : 1;
    for (let i = 0; i < leaving; i++) {
      const gone = [...map.keys()][below(map.size + 3)] ?? id + 2;
      table.delete(gone);
      map.delete(gone);
    }
    assert.equal(table.size, map.size);
    const probe = 1 + 2 * below(id);
    assert.equal(table.get(probe), map.get(probe));
  }
  assert.deepEqual(table.list(), [...map.values()]);
  for (const id of map.keys()) table.delete(id);
  assert.equal(table.size, 0);
  assert.deepEqual(table.list(), []);
});
