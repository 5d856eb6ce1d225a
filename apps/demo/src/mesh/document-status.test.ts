import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { WORKSPACE } from '../workspace.ts';
import type { MeshDocument } from './document.ts';
import { documentLine, documentStatuses, folderRows, isShown, type FolderRow } from './document-status.ts';

const PAGE: MeshDocument = {
  file: 'routes/page.yaml',
  comment: 'The page.',
  resource: { apiVersion: 'v1', kind: 'VirtualService', metadata: { name: 'page' }, spec: {} },
  switch: 'split',
  edges: ['gateway→videos-web'],
};

function row(some: Partial<FolderRow>): FolderRow {
  return {
    file: PAGE.file,
    line: 2,
    kind: 'VirtualService',
    name: 'page',
    status: 'effective',
    isFault: false,
    ...some,
  };
}

const REFUSED = { status: 'refused: is not valid YAML', isFault: true };

describe('the rows of the folder', () => {
  const told = { kind: 'VirtualService', name: 'page', status: 'effective on 1 proxy', notes: [] };

  it('have their places below it, however the control plane was given the folder', () => {
    const folder = join(WORKSPACE, '.weft/demo/mesh');
    const places = [`${folder}/routes/page.yaml:12`, '.weft/demo/mesh/routes/page.yaml:12'];
    const rows = folderRows(
      places.map((place) => ({ ...told, place })),
      folder,
    );
    assert.deepEqual(
      rows.map(({ file, line }) => [file, line]),
      [
        ['routes/page.yaml', 12],
        ['routes/page.yaml', 12],
      ],
    );
  });

  it('leave out what lies elsewhere or nowhere', () => {
    assert.deepEqual(folderRows([told, { ...told, place: '/elsewhere/mesh.yaml:1' }], '/mesh'), []);
  });

  it('tell faults from what is in order', () => {
    const rows = [
      told,
      { ...told, status: 'refused: spec.hots: unknown field' },
      { ...told, notes: [{ kind: 'warning' }] },
      { ...told, notes: [{ kind: 'shadowed' }] },
    ];
    const isFault = folderRows(
      rows.map((one) => ({ ...one, place: '/mesh/a.yaml:1' })),
      '/mesh',
    ).map((one) => one.isFault);
    assert.deepEqual(isFault, [false, true, true, false]);
  });
});

describe('what is known of the documents', () => {
  it('is nothing before the control plane was asked', () => {
    const [page] = documentStatuses([PAGE], undefined);
    assert.deepEqual([page?.status, page?.isFault, page?.what], ['', false, 'The page.']);
  });

  it("has the demo's own first, then those that somebody added", () => {
    const all = documentStatuses([PAGE], [row({ file: 'mine.yaml', name: 'mine' }), row({})]);
    assert.deepEqual(
      all.map(({ file, isAdded, switch: by }) => [file, isAdded, by]),
      [
        ['routes/page.yaml', false, 'split'],
        ['mine.yaml', true, null],
      ],
    );
  });

  it('is the fault of a file that was spoilt, not what it said before', () => {
    const all = documentStatuses([PAGE], [row({}), row({ kind: '', name: '', ...REFUSED })]);
    assert.deepEqual(
      all.map(({ status, isAdded }) => [status, isAdded]),
      [[REFUSED.status, false]],
    );
  });

  it('is a fault where a file was taken away', () => {
    const [page] = documentStatuses([PAGE], []);
    assert.deepEqual([page?.status, page?.isFault], ['not in the folder', true]);
  });

  it('does not show the text of a Secret, nor of what might be one', () => {
    const all = documentStatuses(
      [PAGE],
      [row({}), row({ file: 'a.yaml', kind: 'Secret' }), row({ file: 'b.yaml', kind: '', ...REFUSED })],
    );
    assert.deepEqual(
      ['routes/page.yaml', 'a.yaml', 'b.yaml', '../control-plane/root-key.pem'].map((file) => isShown(file, all)),
      [true, false, false, false],
    );
  });

  it('fits into a line', () => {
    assert.equal(documentLine(row({ line: 12 })), 'routes/page.yaml:12 VirtualService page: effective');
    assert.equal(documentLine(row({ line: null, kind: '', name: '' })), 'routes/page.yaml: effective');
  });
});
