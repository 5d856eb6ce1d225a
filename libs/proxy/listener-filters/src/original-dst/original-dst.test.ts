import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { socketAddress } from '@weft/core-http';
import { createFilterWorld, feed } from '../accepted.testing.ts';
import { originalDstFactory } from './original-dst.ts';

describe('original_dst', () => {
  it('restores the address that a connection was redirected from', () => {
    const before = socketAddress('10.0.0.1', 443);
    const { prepared } = createFilterWorld(originalDstFactory, { ask: () => before });
    const { connection, passed } = feed((cx) => prepared.create(cx));
    assert.ok(passed);
    assert.equal(connection.localAddress, before);
    assert.ok(connection.localAddressRestored);
  });

  it('leaves connections alone that were not redirected', () => {
    const { prepared } = createFilterWorld(originalDstFactory, { ask: () => undefined });
    const { connection } = feed((cx) => prepared.create(cx));
    assert.equal(connection.localAddressRestored, false);
  });
});
