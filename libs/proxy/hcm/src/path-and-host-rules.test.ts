import { RequestHeaderMap } from '@weft/core-http';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HcmConfig } from './config.ts';
import { applyHostRules } from './host-rules.ts';
import { applyPathRules } from './path-rules.ts';
import { TEST_CONFIG } from './testing.ts';

function config(changes: Partial<HcmConfig>): HcmConfig {
  return { ...TEST_CONFIG, ...changes } as HcmConfig;
}
function path(text: string, changes: Partial<HcmConfig>): string {
  const headers = new RequestHeaderMap('GET', text, 'a');
  const verdict = applyPathRules(headers, config(changes));
  return verdict === 'go on' ? headers.path : `${verdict} ${headers.path}`;
}
function host(text: string, changes: Partial<HcmConfig>): string {
  const headers = new RequestHeaderMap('GET', '/', text);
  applyHostRules(headers, config(changes), 80);
  return headers.authority;
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

describe('the host', () => {
  it('loses its port, any or the listener’s own', () => {
    assert.equal(host('a.test:81', { stripPort: 'any' }), 'a.test');
    assert.equal(host('a.test:81', { stripPort: 'matching' }), 'a.test:81');
    assert.equal(host('a.test:80', { stripPort: 'matching' }), 'a.test');
    assert.equal(host('[::1]:80', { stripPort: 'any' }), '[::1]');
    assert.equal(host('[::1]', { stripPort: 'any' }), '[::1]');
  });

  it('loses its last dot, and keeps its port', () => {
    assert.equal(host('a.test.', { stripTrailingHostDot: true }), 'a.test');
    assert.equal(host('a.test.:81', { stripTrailingHostDot: true }), 'a.test:81');
    assert.equal(host('a.test.:81', { stripTrailingHostDot: true, stripPort: 'any' }), 'a.test');
    assert.equal(host('a.test.', {}), 'a.test.');
  });
});
