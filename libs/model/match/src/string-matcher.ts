import type { Re2 } from './re2.ts';

/** A test of one text, compiled. Source: envoy.type.matcher.v3.StringMatcher. */
export interface StringMatcher {
  matches(text: string): boolean;
}

/** The whole text. */
export class ExactMatcher implements StringMatcher {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  matches(text: string): boolean {
    return text === this.text;
  }
}

export class PrefixMatcher implements StringMatcher {
  readonly prefix: string;
  constructor(prefix: string) {
    this.prefix = prefix;
  }
  matches(text: string): boolean {
    return text.startsWith(this.prefix);
  }
}

export class SuffixMatcher implements StringMatcher {
  readonly suffix: string;
  constructor(suffix: string) {
    this.suffix = suffix;
  }
  matches(text: string): boolean {
    return text.endsWith(this.suffix);
  }
}

export class ContainsMatcher implements StringMatcher {
  readonly part: string;
  constructor(part: string) {
    this.part = part;
  }
  matches(text: string): boolean {
    return text.includes(this.part);
  }
}

/** A full match of a regular expression. `ignore_case` has no effect on it, as in Envoy. */
export class RegexMatcher implements StringMatcher {
  readonly re: Re2;
  constructor(re: Re2) {
    this.re = re;
  }
  matches(text: string): boolean {
    return this.re.matches(text);
  }
}

/** Wraps a matcher whose own text is in lower case already. */
export class IgnoreCaseMatcher implements StringMatcher {
  readonly inner: StringMatcher;
  constructor(inner: StringMatcher) {
    this.inner = inner;
  }
  matches(text: string): boolean {
    return this.inner.matches(asciiLowerCase(text));
  }
}

/** Lower case for the letters A to Z only: headers are bytes, and other bytes have no case. */
export function asciiLowerCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
