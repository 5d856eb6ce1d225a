/** One piece of a YAML text, and the line it begins at. */
export interface TextPiece {
  readonly text: string;
  readonly line: number;
  /** How far its lines were moved to the right. Default 0. */
  readonly indent?: number;
}

/** A line that is more than a marker, a comment or blank. */
const SAYS_SOMETHING = /^(?!(?:---|\.\.\.)?[^\S\n]*(?:#.*)?$)/m;

/**
 * Cuts a YAML text where `---` begins a document, so that a document that did not change need not be read again. A text with
 * directives (`%YAML`) is one piece.
 */
export function splitYaml(text: string): TextPiece[] {
  if (/^%/m.test(text)) return [{ text, line: 1 }];
  const pieces: TextPiece[] = [];
  let begin = 0;
  let line = 1;
  const cut = (end: number): void => {
    const piece = text.slice(begin, end);
    if (SAYS_SOMETHING.test(piece)) pieces.push({ text: piece, line });
    line += count(piece);
    begin = end;
  };
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) if (index > 0) cut(index);
  cut(text.length);
  return pieces;
}

function count(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
