import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SourceMap } from './source-map.ts';
import { followsFromUnread } from './follows-from-unread.ts';

const PLACES: Readonly<Record<string, number>> = { a: 1, 'a.name': 2, 'a.address': 3, 'a.address.port_valu': 4 };
const source: SourceMap = {
  file: 'f',
  // As of a text: for what is absent, the nearest place around it.
  position: (path) => ({ line: PLACES[path] ?? PLACES[path.replace(/[.[][^.[]*$/, '')] ?? 0, column: 1 }),
};

describe('a fault that may follow from a value that could not be read', () => {
  const cases: [path: string, unread: string, follows: boolean][] = [
    ['a.address.port_valu', 'a.address.port_valu', true],
    ['a.address', 'a.address.port_valu', true],
    ['a.address.port_valu.x', 'a.address.port_valu', true],
    ['a.address.port_value', 'a.address.port_valu', true],
    ['a.address.port_value', '', true],
    ['a.name', 'a.address', false],
    ['a.names', 'a.name', true],
    ['a.other.thing', 'a.address.port_valu', false],
    ['list[1].x', 'list[1]', true],
    ['list[10].x', 'list[1].y', false],
  ];
  for (const [path, unread, follows] of cases)
    it(`is ${follows ? '' : 'not '}one at ${path} beside ${unread === '' ? 'a text that could not be read' : unread}`, () => {
      assert.equal(followsFromUnread(path, [unread], source), follows);
    });
});
