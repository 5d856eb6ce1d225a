import { RequestHeaderMap } from '@weft/core-http';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HcmConfig } from './config.ts';
import { applyHostRules } from './host-rules.ts';
import { TEST_CONFIG } from './testing.ts';

function config(changes: Partial<HcmConfig>): HcmConfig {
  return { ...TEST_CONFIG, ...changes } as HcmConfig;
}
function host(text: string, changes: Partial<HcmConfig>): string {
  const headers = new RequestHeaderMap('GET', '/', text);
  applyHostRules(headers, config(changes), 80);
  return headers.authority;
}

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
