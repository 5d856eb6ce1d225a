import { analyzeSet, type Code, type Level } from '@weft/control-analyze';
import { refText, type MeshSnapshot, type ObjectRef } from '@weft/control-mesh';
import type { ObjectSet } from '@weft/control-sources';

/** One finding of `weft analyze` about the documents that lie there now. */
export interface AnalysisRow {
  readonly code: Code;
  readonly level: Level;
  readonly resource: string;
  readonly origin?: ObjectRef;
  /** `mesh.yaml:12`. */
  readonly place: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The field: `spec.http[0].retries`. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** What is wrong with the documents, in the mesh as it is: with the services and workloads that registered themselves. */
export function analysisView(mesh: MeshSnapshot, documents: ObjectSet): AnalysisRow[] {
  return analyzeSet(documents, mesh).map(({ code, level, ref, file, line, column, path, text, hint }) => ({
    code,
    level,
    resource: ref === undefined ? '' : refText(ref),
    ...(ref === undefined ? {} : { origin: ref }),
    place: `${file}:${line}`,
    file,
    line,
    column,
    path,
    message: ref?.kind === 'Secret' ? 'not shown: the document is a Secret' : text,
    ...(hint === undefined ? {} : { hint }),
  }));
}
