import { relative, resolve } from 'node:path';
import type { DocumentStatus } from '../status.ts';
import { WORKSPACE } from '../workspace.ts';
import type { MeshDocument } from './document.ts';

/** What the control plane's `/debug/status` tells of a document, as far as the demo looks at it. */
export interface StatusRow {
  readonly kind: string;
  readonly name: string;
  /** One sentence; begins with `refused` where the document is not taken. */
  readonly status: string;
  readonly notes: readonly { readonly kind: string }[];
  /** `<file>:<line>`, the file as the control plane found it. */
  readonly place?: string;
}

/** A row of a document in the folder of the mesh. */
export interface FolderRow {
  /** Below the folder: `routes/page.yaml`. */
  readonly file: string;
  readonly line: number | null;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  /** It is not taken, or does not do what it says. */
  readonly isFault: boolean;
}

/** The rows of documents that lie in the folder, with their places below it. */
export function folderRows(rows: readonly StatusRow[], folder: string): FolderRow[] {
  return rows.flatMap(({ kind, name, status, notes, place = '' }) => {
    const [, path = place, line] = /^(.*?)(?::(\d+))?$/.exec(place) ?? [];
    const file = relative(folder, resolve(WORKSPACE, path));
    if (place === '' || file.startsWith('..')) return [];
    const isFault = isRefused(status) || notes.some((note) => note.kind === 'warning' || note.kind === 'unattached');
    return [{ file, line: line === undefined ? null : Number(line), kind, name, status, isFault }];
  });
}

function isRefused(status: string): boolean {
  return status.startsWith('refused');
}

/**
 * The demo's own documents in their order, each with what has become of it, then those that somebody added. Without rows
 * (`undefined`: the control plane has not been asked yet) nothing is known.
 */
export function documentStatuses(
  documents: readonly MeshDocument[],
  rows: readonly FolderRow[] | undefined,
): DocumentStatus[] {
  const told = new Set<FolderRow>();
  const own = documents.map((document): DocumentStatus => {
    const { file, comment, resource, edges, switch: by } = document;
    const row = rowOf(document, rows ?? []);
    if (row !== undefined) told.add(row);
    const missing = rows === undefined ? '' : 'not in the folder';
    return {
      file,
      line: row?.line ?? null,
      kind: resource.kind,
      name: resource.metadata.name,
      what: comment,
      isAdded: false,
      status: row?.status ?? missing,
      isFault: row?.isFault ?? missing !== '',
      switch: by ?? null,
      edges,
    };
  });
  const added = (rows ?? []).filter((row) => !told.has(row) && !isFormer(row, documents));
  return [...own, ...added.map((row) => ({ ...row, what: '', isAdded: true, switch: null, edges: [] }))];
}

/** A file that is refused says more than what it said before, which may still be in force. */
function rowOf({ file, resource }: MeshDocument, rows: readonly FolderRow[]): FolderRow | undefined {
  const here = rows.filter((row) => row.file === file);
  const { kind, metadata } = resource;
  const isOwn = (row: FolderRow): boolean => row.kind === kind && row.name === metadata.name;
  return (
    here.find((row) => isRefused(row.status) && (isOwn(row) || row.kind === '')) ??
    here.find(isOwn) ??
    rows.find((row) => isOwn(row) && !isRefused(row.status))
  );
}

/** What a document of the demo said before its file was spoilt. */
function isFormer(row: FolderRow, documents: readonly MeshDocument[]): boolean {
  return documents.some(
    ({ file, resource }) =>
      file === row.file && resource.kind === row.kind && resource.metadata.name === row.name && !isRefused(row.status),
  );
}

/** Whether its text may be shown: not that of a Secret, nor of what might be one. */
export function isShown(file: string, documents: readonly DocumentStatus[]): boolean {
  const here = documents.filter((one) => one.file === file);
  return here.length > 0 && here.every(({ kind }) => kind !== '' && kind !== 'Secret');
}

/** `who-may-call.yaml:1 AuthorizationPolicy videos-api: effective on 1 proxy` */
export function documentLine({ file, line, kind, name, status }: Omit<FolderRow, 'isFault'>): string {
  const place = line === null ? file : `${file}:${line}`;
  return `${[place, kind, name].filter((part) => part !== '').join(' ')}: ${status}`;
}
