/** The verb that was probably meant: one that begins so, one that differs in one letter, or the longest that the word begins with. */
export function nearestVerb(word: string, verbs: readonly string[]): string | undefined {
  return (
    verbs.find((verb) => verb.startsWith(word)) ??
    verbs.find((verb) => oneOff(word, verb)) ??
    verbs.filter((verb) => word.startsWith(verb)).sort((a, b) => b.length - a.length)[0]
  );
}

/** One letter more, less, other, or two swapped. */
function oneOff(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  const rests = [
    [a.slice(i + 1), b.slice(i + 1)],
    [a.slice(i + 1), b.slice(i)],
    [a.slice(i), b.slice(i + 1)],
    [a.slice(i + 2), b.slice(i + 2)],
  ] as const;
  return rests.some(([left, right], kind) => left === right && (kind < 3 || (a[i] === b[i + 1] && a[i + 1] === b[i])));
}
