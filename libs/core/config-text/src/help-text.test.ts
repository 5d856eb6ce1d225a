import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helpRow, wrapWords } from './help-text.ts';

describe('the text of a help', () => {
  it('is cut between words, where a line would be too wide', () => {
    assert.deepEqual(wrapWords('one two three four', 9), ['one two', 'three', 'four']);
    assert.deepEqual(wrapWords('one extraordinary two', 5), ['one', 'extraordinary', 'two']);
    assert.deepEqual(wrapWords(''), ['']);
  });

  it('stands beside its option, and goes on below itself', () => {
    const text = 'word '.repeat(20).trim();
    assert.equal(helpRow('  --a', text, 20), `  --a${' '.repeat(15)}${'word '.repeat(16).trim()}\n${' '.repeat(20)}${'word '.repeat(4).trim()}`); // prettier-ignore
  });

  it('begins below an option that leaves no place', () => {
    assert.equal(helpRow('  --a-long-option', 'what it does', 10), `  --a-long-option\n${' '.repeat(10)}what it does`);
  });
});
