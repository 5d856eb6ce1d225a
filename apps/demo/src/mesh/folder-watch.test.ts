import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DocumentStatus } from '../status.ts';
import { FolderWatch } from './folder-watch.ts';

function document(some: Partial<DocumentStatus>): DocumentStatus {
  const rest = { what: '', switch: null, edges: [], isFault: false, isAdded: false };
  return { ...rest, file: 'a.yaml', line: 1, kind: 'Gateway', name: 'a', status: 'effective on 1 proxy', ...some };
}

/** What was told after each look. */
function looks(...seen: readonly (readonly DocumentStatus[])[]): string[][] {
  const told: string[] = [];
  const watch = new FolderWatch((line) => told.push(line));
  return seen.map((documents) => {
    watch.look(documents);
    return told.splice(0);
  });
}

const ADDED = document({ isAdded: true });
const OWN = document({ file: 'own.yaml', name: 'own' });
const SPOILT = { ...OWN, isFault: true, status: 'refused: is not valid YAML' };

describe('the watch over the folder', () => {
  it('tells of a document that was added when two looks agree, and once', () => {
    const line = 'mesh/a.yaml:1 Gateway a: effective on 1 proxy';
    const early = { ...ADDED, status: 'not attached' };
    assert.deepEqual(looks([], [early], [ADDED], [ADDED], [ADDED]), [[], [], [], [line], []]);
  });

  it('tells when it is another thing, and when it is gone', () => {
    const refused = { ...ADDED, status: 'refused: spec.a: unknown field' };
    const told = looks([ADDED], [ADDED], [refused], [refused], [], []);
    assert.deepEqual(told.slice(3), [
      ['mesh/a.yaml:1 Gateway a: refused: spec.a: unknown field'],
      [],
      ['mesh/a.yaml is gone'],
    ]);
  });

  it("is silent about the demo's own but for their faults, and the end of these", () => {
    assert.deepEqual(looks([OWN], [OWN], [SPOILT], [SPOILT], [OWN], [OWN], [OWN]), [
      [],
      [],
      [],
      ['mesh/own.yaml:1 Gateway own: refused: is not valid YAML'],
      [],
      ['mesh/own.yaml:1 Gateway own: effective on 1 proxy'],
      [],
    ]);
  });

  it('tells of both of two documents with the same name in a file', () => {
    const twin = { ...ADDED, line: 7, status: 'refused: already defined' };
    assert.deepEqual(looks([ADDED, twin], [ADDED, twin])[1]?.length, 2);
  });
});
