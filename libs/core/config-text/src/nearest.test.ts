import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearest } from './nearest.ts';

describe('the nearest name', () => {
  const names = ['address', 'port_value', 'named_port', 'protocol'];

  it('is found over a slip, a swap, a missing letter, another case and another separator', () => {
    assert.equal(nearest('adress', names), 'address');
    assert.equal(nearest('port_valeu', names), 'port_value');
    assert.equal(nearest('PortValue', names), 'port_value');
    assert.equal(nearest('named-port', names), 'named_port');
  });

  it('is the only one that the word begins', () => {
    assert.equal(nearest('port', names), 'port_value');
    assert.equal(nearest('pro', ['protocol_one', 'protocol_two']), undefined);
  });

  it('is none where nothing is near', () => {
    assert.equal(nearest('timeout', names), undefined);
    assert.equal(nearest('x', []), undefined);
    assert.equal(nearest('me', ['web']), undefined);
    assert.equal(nearest('HTP', ['TCP', 'HTTP']), 'HTTP');
  });
});
