import { RE2JS } from 're2js';

/**
 * A regular expression with the syntax and the cost of RE2: no back references, no look-around, and time linear in the
 * text whatever the pattern. It always runs on the RE2 engine, never on the engine of the JavaScript runtime, whose
 * backtracking a stranger's request could turn against the proxy.
 */
export class Re2 {
  readonly pattern: string;
  private readonly compiled: RE2JS;

  /** Use `compileRe2`: this throws on a pattern that is not RE2's. */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.compiled = RE2JS.compile(pattern);
  }

  /** True if the pattern matches the whole text, as Envoy's matchers mean it. */
  matches(text: string): boolean {
    return this.compiled.testExact(text);
  }

  /** True if the pattern matches anywhere in the text. */
  finds(text: string): boolean {
    return this.compiled.test(text);
  }

  /** How many capture groups there are, the whole match not counted. */
  get groups(): number {
    return this.compiled.groupCount();
  }

  /** How many instructions it was compiled to; RE2's own count differs by a few. */
  get programSize(): number {
    return this.compiled.programSize();
  }

  /** Every match in `text` replaced. `substitution` is compiled for this pattern. */
  replaceAll(text: string, substitution: Substitution): string {
    const matcher = this.compiled.matcher(text);
    let result = '';
    let at = 0;
    while (matcher.find()) {
      result += text.slice(at, matcher.start());
      for (const part of substitution) result += typeof part === 'string' ? part : (matcher.group(part) ?? '');
      at = matcher.end();
    }
    return result + text.slice(at);
  }
}

/** The text of a `substitution`, cut into literals and numbers of capture groups. */
export type Substitution = readonly (string | number)[];

/** The compiled pattern, or what is wrong with it. */
export function compileRe2(pattern: string): Re2 | { readonly fault: string } {
  try {
    return new Re2(pattern);
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** RE2's rewrite syntax: `\1` is a group, `\\` a backslash. Undefined for any other escape, or a group beyond `groups`. */
export function parseSubstitution(text: string, groups: number): Substitution | undefined {
  const parts: (string | number)[] = [];
  let literal = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (char !== '\\') {
      literal += char;
      continue;
    }
    i += 1;
    const escaped = text[i] ?? '';
    if (escaped === '\\') {
      literal += '\\';
    } else if (/^[0-9]$/.test(escaped) && Number(escaped) <= groups) {
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(Number(escaped));
    } else return undefined;
  }
  if (literal !== '') parts.push(literal);
  return parts;
}
