import type { HeaderMap } from '@weft/core-http';
import type { StringMatcher } from './string-matcher.ts';

/** What is asked of a header's value; several values of one name are joined by commas before. */
export type HeaderTest =
  | { readonly kind: 'value'; readonly matcher: StringMatcher }
  /** Whole numbers from `start` up to, not including, `end`. */
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
  | { readonly kind: 'present'; readonly present: boolean };

/** A test of one header of a request or response, compiled. Source: envoy.config.route.v3.HeaderMatcher. */
export class HeaderMatcher {
  /** In lower case; `:path`, `:method` … for the request line. */
  readonly name: string;
  readonly test: HeaderTest;
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;

  constructor(name: string, test: HeaderTest, options: { invert?: boolean; treatMissingAsEmpty?: boolean } = {}) {
    this.name = name;
    this.test = test;
    this.invert = options.invert ?? false;
    this.treatMissingAsEmpty = options.treatMissingAsEmpty ?? false;
  }

  matches(headers: HeaderMap): boolean {
    const { test } = this;
    const found = headers.getJoined(this.name);
    if (found === undefined && !this.treatMissingAsEmpty) {
      // An absent header has no value that could fail a test: inverting does not make it match.
      return test.kind === 'present' && test.present === this.invert;
    }
    const value = found ?? '';
    switch (test.kind) {
      case 'value':
        return test.matcher.matches(value) !== this.invert;
      case 'range':
        return inRange(value, test.start, test.end) !== this.invert;
      case 'present':
        return test.present !== this.invert;
    }
  }
}

/** True if all of `matchers` match; so for none. */
export function matchHeaders(matchers: readonly HeaderMatcher[], headers: HeaderMap): boolean {
  for (const matcher of matchers) if (!matcher.matches(headers)) return false;
  return true;
}

function inRange(value: string, start: number, end: number): boolean {
  if (!/^\s*[+-]?\d+\s*$/.test(value)) return false;
  const number = Number(value);
  return number >= start && number < end;
}
