import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HappyEyeballs } from '@weft/model-cluster';
import { addressOrder } from './address-order.ts';

const order = (hosts: readonly string[], options: HappyEyeballs): string[] =>
  addressOrder(
    hosts.map((host) => ({ host })),
    options,
  ).map(({ host }) => host);

test('families take turns, beginning with that of the first address', () => {
  const hosts = ['::1', '::2', '::3', '1.1.1.1', '2.2.2.2'];
  const usual: HappyEyeballs = { firstFamily: 'default', firstFamilyCount: 1 };
  assert.deepEqual(order(hosts, usual), ['::1', '1.1.1.1', '::2', '2.2.2.2', '::3']);
  assert.deepEqual(order(hosts, { ...usual, firstFamily: 'v4' }), ['1.1.1.1', '::1', '2.2.2.2', '::2', '::3']);
  assert.deepEqual(order(hosts, { ...usual, firstFamilyCount: 2 }), ['::1', '::2', '1.1.1.1', '::3', '2.2.2.2']);
  assert.deepEqual(order([], usual), []);
});
