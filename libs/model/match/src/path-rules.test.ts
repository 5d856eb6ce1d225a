import { RequestHeaderMap } from '@weft/core-http';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyPathRules, type PathRules } from './path-rules.ts';

const KEPT: PathRules = { normalizePath: false, mergeSlashes: false, escapedSlashes: 'keep' };

function path(text: string, changes: Partial<PathRules>): string {
  const headers = new RequestHeaderMap('GET', text, 'a');
  const verdict = applyPathRules(headers, { ...KEPT, ...changes });
  return verdict === 'go on' ? headers.path : `${verdict} ${headers.path}`;
}
describe('escaped slashes', () => {
  it('are kept, refused, unescaped, or unescaped by redirect', () => {
    assert.equal(path('/a%2Fb%5cc', {}), '/a%2Fb%5cc');
    assert.equal(path('/a%2fb', { escapedSlashes: 'reject' }), 'refuse /a/b');
    assert.equal(path('/a%5Cb', { escapedSlashes: 'forward' }), '/a\\b');
    assert.equal(path('/a%2Fb', { escapedSlashes: 'redirect' }), 'redirect /a/b');
  });

  it('are no matter in a query, nor without one', () => {
    for (const escapedSlashes of ['reject', 'redirect', 'forward'] as const) {
      assert.equal(path('/a?b=%2F', { escapedSlashes }), '/a?b=%2F');
      assert.equal(path('/a%20b', { escapedSlashes }), '/a%20b');
    }
  });

  it('are unescaped before dots and slashes are looked at', () => {
    const all = { escapedSlashes: 'forward', normalizePath: true, mergeSlashes: true } as const;
    assert.equal(path('/a/..%2f..%5Cb%2F%2Fc', all), '/b/c');
  });
});
