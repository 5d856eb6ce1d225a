import type { SourcePosition } from '@weft/core-config-text';

/** Where the values of a document stand in its text, by path. */
export interface SourceMap {
  readonly file: string;
  /** The position of the value at `path`, or of the nearest value around it; undefined for sources without a text. */
  position(path: string): SourcePosition | undefined;
}

/** A source with a name and no text: resources that came over the wire. */
export function sourceNamed(file: string): SourceMap {
  return { file, position: () => undefined };
}
