import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubernetesFaults, type KubernetesSchemas } from './kubernetes-schema.ts';

const SCHEMAS: KubernetesSchemas = {
  version: 'v0',
  kinds: { 'v1 Thing': 'Thing' },
  schemas: {
    Thing: {
      type: 'object',
      required: ['metadata'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object', additionalProperties: { type: 'string' } },
        free: { type: 'object' },
        ports: { type: 'array', items: { $ref: 'Port' } },
        mode: { type: 'string', enum: ['A', 'B'] },
      },
    },
    Port: { type: 'object', properties: { target: { oneOf: [{ type: 'integer' }, { type: 'string' }] } } },
  },
};
const faults = (fields: object): string[] => kubernetesFaults(SCHEMAS, { apiVersion: 'v1', kind: 'Thing', ...fields });

test('an object that fits has no faults', () => {
  const ports = [{ target: 80 }, { target: 'http' }];
  assert.deepEqual(faults({ metadata: { name: 'x' }, free: { any: [1] }, ports, mode: 'A' }), []);
});

test('every fault is named with its path', () => {
  assert.deepEqual(faults({ metadata: { name: 1 }, ports: [{ target: true }, { tarqet: 1 }], mode: 'C', x: 1 }), [
    'v1 Thing.metadata.name: 1 is no string',
    'v1 Thing.ports[0].target: true is none of integer, string',
    'v1 Thing.ports[1].tarqet: no such field',
    'v1 Thing.mode: "C" is none of A, B',
    'v1 Thing.x: no such field',
  ]);
});

test('what is required and absent is a fault, and so is a list in place of an object', () => {
  assert.deepEqual(faults({}), ['v1 Thing.metadata: is required']);
  assert.deepEqual(faults({ metadata: [] }), ['v1 Thing.metadata: has to be an object']);
  assert.deepEqual(faults({ metadata: {}, ports: {} }), ['v1 Thing.ports: has to be a list']);
});

test('an unknown kind is a fault', () => {
  assert.deepEqual(kubernetesFaults(SCHEMAS, { apiVersion: 'v2', kind: 'Thing' }), ['no such kind: v2 Thing']);
});
