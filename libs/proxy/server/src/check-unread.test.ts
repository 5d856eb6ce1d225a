import { DecodeContext, loadConfig, reportUnsupported } from '@weft/api-envoy';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkUnread } from './check-unread.ts';

/** The faults of one HTTP filter that no decoder reads. */
function faultsOf(type: string, fields: object): string[] {
  const loaded = loadConfig({
    text: JSON.stringify({ name: 'f', typed_config: { '@type': `type.googleapis.com/${type}`, ...fields } }),
    file: 'f.json',
    typeName: 'envoy.config.core.v3.TypedExtensionConfig',
  });
  assert.deepEqual(loaded.faults, []);
  const cx = new DecodeContext(loaded.source, { faults: [], warnings: [], judging: true });
  const support = { 'envoy.config.core.v3.TypedExtensionConfig': ['name', 'typed_config'] };
  if (loaded.message !== undefined) reportUnsupported(loaded.message, support, cx, checkUnread);
  return cx.faults.map(({ path, message }) => `${path}: ${message}`);
}

describe('what Weft does not read yet', () => {
  it('is refused where an expression in it does not compile', () => {
    const policy = { allow_origin_string_match: [{ safe_regex: { regex: '*.a' } }, { safe_regex: { regex: '.*a' } }] };
    const [fault, ...more] = faultsOf('envoy.extensions.filters.http.cors.v3.CorsPolicy', policy);
    assert.match(fault ?? '', /^typed_config\.allow_origin_string_match\[0\]\.safe_regex\.regex: /);
    assert.deepEqual(more, []);
  });

  it('is refused where a file that it names is not there', () => {
    const lua = 'envoy.extensions.filters.http.lua.v3.Lua';
    assert.deepEqual(faultsOf(lua, { default_source_code: { filename: '/nowhere/a.lua' } }), [
      'typed_config.default_source_code.filename: "/nowhere/a.lua" does not exist',
    ]);
    assert.deepEqual(faultsOf(lua, { default_source_code: { inline_string: 'local a = require("no.such")\n' } }), [
      'typed_config.default_source_code.inline_string: module "no.such" does not exist',
    ]);
    assert.deepEqual(faultsOf(lua, { default_source_code: { inline_string: 'function envoy_on_request(h) end' } }), []);
  });
});
