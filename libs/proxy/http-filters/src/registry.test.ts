import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registry } from '@weft/api-envoy';
import { httpFilterFactories } from './registry.ts';

test('every filter is found by one type, which the API knows', () => {
  const names = httpFilterFactories.map(({ typeName }) => typeName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.ok(registry().getMessage(name), name);
});

test('the router is there, and answers requests', () => {
  const router = httpFilterFactories.find(({ typeName }) => typeName.endsWith('router.v3.Router'));
  assert.equal(router?.terminal, true);
});
