import { readText, type KubeText, type ReadDocument, type SupportCheck } from '@weft/api-kube';
import { formatFault, type Fault } from '@weft/core-config-text';
import { refKey, refText, type ObjectRef } from '@weft/control-mesh';
import { configObject, TextPlace, type ConfigObject } from './config-object.ts';
import { meshConfigPiece, type MeshConfigFile } from './mesh-config-file.ts';
import { splitYaml, type TextPiece } from './split-text.ts';

/** All resources that are in force, and what is wrong with the texts they come from. */
export interface ObjectSet {
  /** By `group/kind/namespace/name`. */
  readonly objects: ReadonlyMap<string, ConfigObject>;
  /** Ordered by file and place. */
  readonly faults: readonly Fault[];
  /** The same faults, by the documents that are not taken for them. */
  readonly refused: readonly RefusedDocument[];
}

/** A document that is not taken. */
export interface RefusedDocument {
  /** Absent where not even that could be read. */
  readonly ref?: ObjectRef;
  /** Where there is no `ref`: what it calls itself, as far as it says. */
  readonly said?: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>;
  /** It is well formed, and another document has its name. */
  readonly twin: boolean;
  /** It is of a kind that has nothing to do with the mesh. */
  readonly foreign: boolean;
  readonly faults: readonly Fault[];
}

/** What became different. The keys of `removed` are in the set no more. */
export interface ObjectChanges {
  readonly added: readonly ConfigObject[];
  readonly changed: readonly ConfigObject[];
  readonly removed: readonly ConfigObject[];
}

interface Entry {
  readonly read: ReadDocument;
  readonly key: string | undefined;
  readonly source: KubeText;
}

interface Piece {
  readonly piece: TextPiece;
  readonly entries: readonly Entry[];
}

interface FileState {
  readonly pieces: readonly Piece[];
  /** The first document of each key. */
  readonly first: ReadonlyMap<string, Entry>;
}

export interface ObjectFilesOptions {
  /** What is implemented: all else is refused by name. Default: everything that is well formed is taken. */
  readonly support?: SupportCheck;
  /** Of resources that name none. Default `default`. */
  readonly namespace?: string;
  readonly meshConfig?: MeshConfigFile;
  /** What `ages` said before. Default: what is read first is the oldest, by file names. */
  readonly ages?: readonly string[];
}

/**
 * Resources by file. A new text of a file costs what is different in it: pieces that are the same as before are not read
 * again. What is faulty leaves the version before it in force; the rest of the file is taken.
 */
export class ObjectFiles {
  private readonly support: SupportCheck | undefined;
  private readonly namespace: string;
  private readonly meshConfig: MeshConfigFile | undefined;
  private readonly files = new Map<string, FileState>();
  private readonly objects = new Map<string, ConfigObject>();
  /** By file, what is not taken; files without such are not in it. */
  private readonly refused = new Map<string, readonly RefusedDocument[]>();
  /** The order in which keys were first seen. */
  private readonly ranks = new Map<string, number>();
  private nextRank = 1;
  private isFirst = true;
  /** By file, the keys that stay in force although nobody can tell whether the file still has them. */
  private readonly inDoubt = new Map<string, Set<string>>();
  /** Which files have a document of a key, so that twins are found without looking at all files. */
  private readonly owners = new Map<string, Set<string>>();

  /** `ages`: keys of an earlier run, the oldest first. What is still there is as old as it was. */
  constructor(options: ObjectFilesOptions = {}) {
    this.support = options.support;
    this.namespace = options.namespace ?? 'default';
    this.meshConfig = options.meshConfig;
    for (const key of options.ages ?? []) this.rankOf(key);
  }

  /** Keys in the order in which they were first seen. */
  ages(): string[] {
    return [...this.ranks].sort(([, a], [, b]) => a - b).map(([key]) => key);
  }

  fileNames(): string[] {
    return [...this.files.keys()];
  }

  /** Its text has documents, taken or not. */
  hasDocuments(file: string): boolean {
    return this.files.get(file)?.pieces.some(({ entries }) => entries.length > 0) ?? false;
  }

  /** What of a file is not taken, as it stands now. */
  private refusedIn(file: string): RefusedDocument[] {
    const refused: RefusedDocument[] = [];
    for (const { entries } of this.files.get(file)?.pieces ?? []) {
      for (const entry of entries) {
        const { faults, identity, said, foreign = false } = entry.read;
        const twins = this.twinFault(entry);
        if (faults.length + twins.length === 0) continue;
        const ref = identity === undefined ? (said === undefined ? {} : { said }) : { ref: identity };
        refused.push({ ...ref, twin: faults.length === 0, foreign, faults: [...faults, ...twins] });
      }
    }
    return refused;
  }

  /** Takes new texts, all at once; undefined for a file that is gone. */
  update(texts: ReadonlyMap<string, string | undefined>): ObjectChanges {
    const touched = new Set<string>();
    for (const file of [...texts.keys()].sort(byText)) {
      const text = texts.get(file);
      const before = this.files.get(file);
      for (const key of [...keysOf(before), ...(this.inDoubt.get(file) ?? [])]) touched.add(key);
      this.inDoubt.delete(file);
      const state = text === undefined ? undefined : this.read(file, text, before);
      if (state === undefined) this.files.delete(file);
      else this.files.set(file, state);
      for (const key of keysOf(before)) this.owners.get(key)?.delete(file);
      for (const key of keysOf(state)) {
        touched.add(key);
        const owners = this.owners.get(key) ?? new Set();
        this.owners.set(key, owners.add(file));
      }
    }
    const stale = new Set(texts.keys());
    for (const key of touched) for (const file of this.owners.get(key) ?? []) stale.add(file);
    for (const file of stale) {
      const refused = this.refusedIn(file);
      if (refused.length === 0) this.refused.delete(file);
      else this.refused.set(file, refused);
    }
    const changes = this.settle(touched);
    // Of an earlier run, and gone since.
    if (this.isFirst) for (const key of this.ranks.keys()) if (!this.isThere(key)) this.ranks.delete(key);
    this.isFirst = false;
    return changes;
  }

  /** The objects and faults as they are now. */
  snapshot(): ObjectSet {
    const files = [...this.refused.keys()].sort(byText);
    const refused = files.flatMap((file) => this.refused.get(file) ?? []);
    const faults = Object.freeze([...refused.flatMap((document) => document.faults), ...this.doubts()]);
    return Object.freeze({ objects: new Map(this.objects), faults, refused: Object.freeze(refused) });
  }

  private read(file: string, text: string, before: FileState | undefined): FileState {
    const format = file.endsWith('.json') ? 'json' : 'yaml';
    const known = new Map((before?.pieces ?? []).map((piece) => [`${piece.piece.line}\n${piece.piece.text}`, piece]));
    const pieces: readonly TextPiece[] =
      file === this.meshConfig?.file
        ? [meshConfigPiece(text, this.meshConfig.namespace)]
        : format === 'json'
          ? [{ text, line: 1 }]
          : splitYaml(text);
    const readPieces = pieces.map((piece): Piece => {
      const same = known.get(`${piece.line}\n${piece.text}`);
      if (same !== undefined) return same;
      const source: KubeText = { file, format, ...piece };
      const options = { namespace: this.namespace, ...(this.support === undefined ? {} : { support: this.support }) };
      const entries = readText(source, options).map((read): Entry => {
        const key = read.identity === undefined ? undefined : refKey(read.identity);
        return { read, key, source };
      });
      return { piece, entries };
    });
    const first = new Map<string, Entry>();
    for (const { entries } of readPieces)
      for (const entry of entries) if (entry.key !== undefined && !first.has(entry.key)) first.set(entry.key, entry);
    return { pieces: readPieces, first };
  }

  /** Decides for each key which object is in force, and says what that changes. */
  private settle(keys: ReadonlySet<string>): ObjectChanges {
    const changes = { added: [] as ConfigObject[], changed: [] as ConfigObject[], removed: [] as ConfigObject[] };
    for (const key of keys) {
      const entry = this.firstOf(key);
      const before = this.objects.get(key);
      if (entry === undefined) {
        // Its name may be what is unreadable: as long as its file has such a fault, it stays.
        if (before === undefined || this.mayBeUnreadable(before.place.file, key)) continue;
        this.objects.delete(key);
        this.ranks.delete(key);
        changes.removed.push(before);
        continue;
      }
      if (entry.read.object === undefined) continue;
      const after = this.objectOf(key, entry, before);
      this.objects.set(key, after);
      if (before === undefined) changes.added.push(after);
      else if (!sameContent(before, after)) changes.changed.push(after);
    }
    return changes;
  }

  private objectOf(key: string, { read, source }: Entry, before: ConfigObject | undefined): ConfigObject {
    const { object, index, position } = read;
    if (object === undefined) throw new Error(`no object for ${key}`);
    const made = configObject(object, new TextPlace(source, index, position.line), this.rankOf(key));
    if (before === undefined || !sameContent(before, made)) return made;
    // The same content elsewhere in the file: who compares specs by identity must find them equal.
    const { labels, annotations, spec } = before;
    return Object.freeze({ ...made, labels, annotations, spec });
  }

  private rankOf(key: string): number {
    let rank = this.ranks.get(key);
    if (rank === undefined) {
      rank = this.nextRank;
      this.nextRank += 1;
      this.ranks.set(key, rank);
    }
    return rank;
  }

  private isThere(key: string): boolean {
    return this.objects.has(key) || (this.owners.get(key)?.size ?? 0) > 0;
  }

  /** What stays although no document says it: whoever removed it has to know. */
  private doubts(): Fault[] {
    return [...this.inDoubt].flatMap(([file, keys]) => {
      const kept = [...keys].flatMap((key) => {
        const object = this.owners.get(key)?.size ? undefined : this.objects.get(key);
        return object?.place.file === file ? [refText(object.ref)] : [];
      });
      if (kept.length === 0) return [];
      const why = 'a document of this file has no name that can be read, and may be meant';
      return [{ path: '', file, message: `${kept.join(', ')}: in force as before, since ${why}` }];
    });
  }

  private mayBeUnreadable(file: string, key: string): boolean {
    const pieces = this.files.get(file)?.pieces ?? [];
    if (
      !pieces.some(({ entries }) =>
        entries.some(({ key: own, read }) => own === undefined && read.foreign !== true && read.faults.length > 0),
      )
    )
      return false;
    this.inDoubt.set(file, (this.inDoubt.get(file) ?? new Set()).add(key));
    return true;
  }

  /** The first document of a key, by file and place. */
  private firstOf(key: string): Entry | undefined {
    const owners = [...(this.owners.get(key) ?? [])].sort(byText);
    // Who names a file means it.
    const named = owners.filter((file) => file === this.meshConfig?.file);
    for (const file of [...named, ...owners]) {
      const found = this.files.get(file)?.first.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private twinFault({ read, key, source }: Entry): Fault[] {
    if (key === undefined || read.identity === undefined) return [];
    const first = this.firstOf(key);
    if (first === undefined || first.read === read) return [];
    const place = `${first.source.file}:${first.read.position.line}`;
    const message = `${refText(read.identity)} is already defined at ${place}; that one is in force`;
    return [{ path: 'metadata.name', file: source.file, position: read.position, message }];
  }
}

/** Everything but the place and the age. */
function sameContent(a: ConfigObject, b: ConfigObject): boolean {
  const content = ({ apiVersion, labels, annotations, spec, generation }: ConfigObject): string =>
    JSON.stringify([apiVersion, labels, annotations, spec, generation]);
  return a.spec === b.spec || content(a) === content(b);
}

function keysOf(state: FileState | undefined): Iterable<string> {
  return state?.first.keys() ?? [];
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All faults, one a line, as they are logged and shown. */
export function faultLines(faults: readonly Fault[]): string[] {
  return faults.map(formatFault);
}
