/** Columns padded to their widest cell, `gap` spaces between them; the last is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], gap = 5): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell) + gap))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** In characters as people count them. */
function width(text: string): number {
  return [...text].length;
}
