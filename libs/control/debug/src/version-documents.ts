import { readText } from '@weft/api-kube';
import { refKey, refText } from '@weft/control-mesh';
import type { ConfigTexts } from './config-files.ts';
import { isSecret } from './document-views.ts';
import { unifiedDiff } from './text-diff.ts';

/** One document of a kept version. */
export interface VersionDocument {
  /** The same in every version: `group/kind/namespace/name`, or the file and place of what cannot be read. */
  readonly key: string;
  /** `VirtualService default/videos-api`. */
  readonly title: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** Its text may hold keys, and is not shown. */
  readonly secret: boolean;
}

/** What became different of one document. */
export interface DocumentChange {
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  readonly document: string;
  readonly file: string;
  /** In unified form; of Secrets a sentence. */
  readonly diff: string;
}

export const WITHHELD = 'not shown: the document is a Secret\n';

/** Whatever says that it is a Secret, read or not. */
const SAYS_SECRET = /["']?kind["']?\s*:\s*["']?Secret\b/;

/** Each document of each file. */
export function documentsOf(texts: ConfigTexts): VersionDocument[] {
  const seen = new Map<string, number>();
  return [...texts].flatMap(([file, whole]) =>
    piecesOf(file, whole).map(({ text, line }): VersionDocument => {
      const format = file.endsWith('.json') ? 'json' : 'yaml';
      const identities = readText({ text, file, format, line }).flatMap(({ identity }) => identity ?? []);
      const key = identities.length === 0 ? `file/${file}` : identities.map(refKey).join(' ');
      const times = (seen.get(key) ?? 0) + 1;
      seen.set(key, times);
      return {
        key: times === 1 ? key : `${key} #${times}`,
        title: identities.length === 0 ? `a document of ${file}` : identities.map(refText).join(', '),
        file,
        line,
        text,
        secret: identities.some(isSecret) || SAYS_SECRET.test(text),
      };
    }),
  );
}

function piecesOf(file: string, whole: string): { readonly text: string; readonly line: number }[] {
  if (file.endsWith('.json')) return [{ text: whole, line: 1 }];
  const pieces: { text: string; line: number }[] = [];
  let [begin, line] = [0, 1];
  const cut = (end: number): void => {
    const text = whole.slice(begin, end);
    const body = text.replace(/^---[^\n]*\n?/, '');
    if (/^\s*[^\s#]/m.test(body)) pieces.push({ text: body, line: line + (body.length === text.length ? 0 : 1) });
    line += text.split('\n').length - 1;
    begin = end;
  };
  for (const { index } of whole.matchAll(/^---(?=\s|$)/gm)) if (index > 0) cut(index);
  cut(whole.length);
  return pieces;
}

/** What a reader has to know to go from one version to another. */
export function changesBetween(before: ConfigTexts, after: ConfigTexts): DocumentChange[] {
  // Files that stayed are not read: most do, and reading checks every field.
  const [old, now] = [byKey(without(before, after)), byKey(without(after, before))];
  const changes: DocumentChange[] = [];
  for (const [key, document] of old) if (!now.has(key)) changes.push(change('removed', document, undefined));
  for (const [key, document] of now) {
    const was = old.get(key);
    if (was === undefined) changes.push(change('added', undefined, document));
    else if (was.text !== document.text) changes.push(change('changed', was, document));
    else if (was.file !== document.file) changes.push(change('moved', was, document));
  }
  return changes.sort((a, b) => (a.document < b.document ? -1 : a.document > b.document ? 1 : 0));
}

/** The files that `other` has not, or has otherwise. */
function without(texts: ConfigTexts, other: ConfigTexts): ConfigTexts {
  return new Map([...texts].filter(([path, text]) => other.get(path) !== text));
}

function byKey(texts: ConfigTexts): Map<string, VersionDocument> {
  return new Map(documentsOf(texts).map((document) => [document.key, document]));
}

function change(
  what: DocumentChange['change'],
  before: VersionDocument | undefined,
  after: VersionDocument | undefined,
): DocumentChange {
  const { title, file } = (after ?? before) as VersionDocument;
  const moved =
    before !== undefined && after !== undefined && before.file !== after.file ? `from ${before.file}\n` : '';
  const secret = before?.secret === true || after?.secret === true;
  const diff = secret ? WITHHELD : unifiedDiff(before?.text ?? '', after?.text ?? '');
  return { change: what, document: title, file, diff: moved + (what === 'moved' ? '' : diff) };
}
