/** Where a value stands in a text. Lines and columns count from 1. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** What may help with a fault. */
export interface FaultHint {
  /** What would have been right: `a duration such as "0.25s"`. */
  readonly expected?: string;
  /** The nearest valid name: `port_value`. */
  readonly suggestion?: string;
}

/** One thing that is wrong (or, as a warning, worth knowing) in a configuration. */
export interface Fault extends FaultHint {
  /** Field names as in the proto, list places in brackets: `static_resources.clusters[0].lb_policy`. `''` is the whole. */
  readonly path: string;
  /** The file, or the name of another source (`--config-yaml`, `cds`); `''` where there is none. */
  readonly file: string;
  readonly position?: SourcePosition;
  /** What is wrong, as a clause: `unknown field "port_valu"`. */
  readonly message: string;
  /** A warning that stands for a refusal: the value is valid, and no proxy starts with it yet. */
  readonly refusedToServe?: boolean;
}

/** `bootstrap.yaml:12:9: static_resources.listeners[0]…: unknown field "x" (expected …); did you mean "y"?` */
export function formatFault(fault: Fault): string {
  const place = fault.position ? `${fault.file}:${fault.position.line}:${fault.position.column}` : fault.file;
  const expected = fault.expected === undefined ? '' : ` (expected ${fault.expected})`;
  const suggestion = fault.suggestion === undefined ? '' : `; did you mean "${fault.suggestion}"?`;
  return [place, fault.path, `${fault.message}${expected}${suggestion}`].filter((part) => part !== '').join(': ');
}
