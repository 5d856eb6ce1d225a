/** Lines of context around a change. */
const CONTEXT = 3;
/** Beyond this many differing lines a text is shown as replaced: the search for the shortest diff grows with the square. */
const MAX_DIFFERENCES = 2000;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** The difference of two texts in unified form, without a head; `''` where there is none. */
export function unifiedDiff(before: string, after: string): string {
  if (before === after) return '';
  const lines = differences(linesOf(before), linesOf(after));
  const changed = lines.flatMap(({ sign }, at) => (sign === ' ' ? [] : [at]));
  const hunks: { from: number; to: number }[] = [];
  for (const at of changed) {
    const last = hunks.at(-1);
    if (last !== undefined && at - last.to <= 2 * CONTEXT) last.to = at + 1;
    else hunks.push({ from: at, to: at + 1 });
  }
  return hunks
    .map(({ from, to }) => hunkText(lines, Math.max(0, from - CONTEXT), Math.min(lines.length, to + CONTEXT)))
    .join('');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function hunkText(lines: readonly Line[], from: number, to: number): string {
  const count = (sign: Line['sign'], end: number, start = 0): number =>
    lines.slice(start, end).filter((line) => line.sign === ' ' || line.sign === sign).length;
  const [left, right] = [count('-', to, from), count('+', to, from)];
  const start = (sign: Line['sign'], length: number): number => count(sign, from) + (length === 0 ? 0 : 1);
  const head = `@@ -${start('-', left)},${left} +${start('+', right)},${right} @@\n`;
  return (
    head +
    lines
      .slice(from, to)
      .map(({ sign, text }) => `${sign}${text}\n`)
      .join('')
  );
}

/** Myers' greedy search for the shortest edit script. */
function differences(a: readonly string[], b: readonly string[]): Line[] {
  let [head, tail] = [0, 0];
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ sign: ' ', text }));
  const middle = shortest(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [...same(a.slice(0, head)), ...middle, ...same(a.slice(a.length - tail))];
}

function shortest(a: readonly string[], b: readonly string[]): Line[] {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(a.length + b.length, MAX_DIFFERENCES); edits += 1) {
    trace.push(new Map(furthest));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (furthest.get(k - 1) ?? 0) < (furthest.get(k + 1) ?? 0));
      let x = down ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return script(a, b, trace);
    }
  }
  return [...a.map((text): Line => ({ sign: '-', text })), ...b.map((text): Line => ({ sign: '+', text }))];
}

/** Walks the search backwards. */
function script(a: readonly string[], b: readonly string[], trace: readonly ReadonlyMap<number, number>[]): Line[] {
  const lines: Line[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const furthest = trace[edits] as ReadonlyMap<number, number>;
    const k = x - y;
    const down = k === -edits || (k !== edits && (furthest.get(k - 1) ?? 0) < (furthest.get(k + 1) ?? 0));
    const before = down ? k + 1 : k - 1;
    const [fromX, fromY] = [furthest.get(before) ?? 0, (furthest.get(before) ?? 0) - before];
    while (x > fromX && y > fromY) {
      lines.push({ sign: ' ', text: a[x - 1] as string });
      [x, y] = [x - 1, y - 1];
    }
    if (edits === 0) break;
    if (down) lines.push({ sign: '+', text: b[fromY] as string });
    else lines.push({ sign: '-', text: a[fromX] as string });
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}
