import { analyzeSet } from '@weft/control-analyze';
import { refText, type MeshSnapshot } from '@weft/control-mesh';
import type { ObjectSet } from '@weft/control-sources';

/** One finding of `weft analyze` about the documents that lie there now. */
export interface AnalysisRow {
  readonly code: string;
  readonly level: string;
  readonly resource: string;
  /** `mesh.yaml:12`. */
  readonly place: string;
  readonly message: string;
  readonly hint?: string;
}

/** What is wrong with the documents, in the mesh as it is: with the services and workloads that registered themselves. */
export function analysisView(mesh: MeshSnapshot, documents: ObjectSet): AnalysisRow[] {
  return analyzeSet(documents, mesh).map(({ code, level, ref, file, line, text, hint }) => ({
    code,
    level,
    resource: ref === undefined ? '' : refText(ref),
    place: `${file}:${line}`,
    message: ref?.kind === 'Secret' ? 'not shown: the document is a Secret' : text,
    ...(hint === undefined ? {} : { hint }),
  }));
}
