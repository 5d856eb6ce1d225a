import type { FaultHint } from '@weft/core-config-text';

export interface ReportHint extends FaultHint {
  /** The name of the field is at fault, not its value. */
  readonly atKey?: boolean;
}

/** Says that something is wrong at a path of the document (`spec.http[0].route`). */
export type Report = (path: string, message: string, hint?: ReportHint) => void;
