/** As wide as the terminals that help is read in, in characters. */
const WIDTH = 100;

/** Words in lines of at most `width` characters; a longer word has a line of its own. */
export function wrapWords(text: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && longer.length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** A row of a command's help: `left`, then the text from column `at` on, in as many lines as it takes. */
export function helpRow(left: string, text: string, at: number): string {
  const [first = '', ...rest] = wrapWords(text, WIDTH - at);
  const start = left.length < at ? `${left.padEnd(at)}${first}` : `${left}\n${' '.repeat(at)}${first}`;
  return [start, ...rest.map((line) => `${' '.repeat(at)}${line}`)].join('\n');
}
