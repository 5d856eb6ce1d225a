import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joinPath, splitPath } from './path.ts';

describe('a path', () => {
  it('has names with dots, places in brackets, and quotes around keys that are no names', () => {
    const segments = [
      'static_resources',
      'clusters',
      0,
      'typed_extension_protocol_options',
      'envoy.x/"y"',
      '@type',
      '',
    ];
    const path = segments.reduce(joinPath, '');
    assert.equal(path, 'static_resources.clusters[0].typed_extension_protocol_options["envoy.x/\\"y\\""]["@type"][""]');
    assert.deepEqual(splitPath(path), segments);
  });

  it('is read as far as it can be', () => {
    assert.deepEqual(splitPath('a.b[x].c'), ['a', 'b']);
    assert.deepEqual(splitPath(''), []);
  });
});
