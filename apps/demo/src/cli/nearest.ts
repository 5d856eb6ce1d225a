/** The word that was probably meant: at most a third of its letters (two in short words, one in the shortest) are other ones, missing, too many or swapped. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 2));
  const far = Math.min(most, Math.max(2, Math.floor(word.length / 3))) + 1;
  const [first] = words
    .map((one) => ({ one, steps: distance(word.toLowerCase(), one) }))
    .filter(({ steps }) => steps < far)
    .sort((a, b) => a.steps - b.steps);
  return first?.one;
}

/** Behind `there is no "strat"`: `; did you mean "start"? There are start, set`, or `: there are start, set`. */
export function thereAre(word: string, words: readonly string[]): string {
  const found = nearest(word, words);
  const all = words.join(', ');
  return found === undefined ? `: there are ${all}` : `; did you mean "${found}"? There are ${all}`;
}

function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const above = rows[i - 1] as number[];
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [(above[j - 1] as number) + same, (above[j] as number) + 1, (row[j - 1] as number) + 1];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        steps.push((rows[i - 2]?.[j - 2] as number) + 1);
      row.push(Math.min(...steps));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] as number;
}
