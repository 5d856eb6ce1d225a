/** A pattern of KEYS as a test: `*`, `?`, `[a-c]`, `[^a]`, and `\` before a character that means itself. */
export function globTest(pattern: string): (key: string) => boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    const close = char === '[' ? pattern.indexOf(']', at + 1) : -1;
    if (char === '*') source += '[^]*';
    else if (char === '?') source += '[^]';
    else if (close > 0) {
      source += characterClass(pattern.slice(at + 1, close));
      at = close;
    } else if (char === '\\' && at + 1 < pattern.length) {
      at += 1;
      source += escaped(pattern.charAt(at));
    } else source += escaped(char);
  }
  const compiled = new RegExp(`^${source}$`);
  return (key) => compiled.test(key);
}

function characterClass(content: string): string {
  const negated = content.startsWith('^');
  const members = (negated ? content.slice(1) : content).replaceAll(/[\\\]^[]/g, '\\$&');
  if (members === '') return negated ? '[^]' : '[]';
  return `[${negated ? '^' : ''}${members}]`;
}

function escaped(char: string): string {
  return char.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
