import { TYPE_URL } from '@weft/xds-server';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretResources } from './secret-resources.ts';

const secret = (namespace: string, text: string): readonly [string, object] => [
  `${namespace}/cert`,
  {
    ref: { group: '', kind: 'Secret', namespace, name: 'cert' },
    spec: { stringData: { 'tls.crt': `chain of ${text}`, 'tls.key': `key of ${text}` } },
  },
];

const set = { objects: new Map([secret('other', 'other'), secret('edge', 'edge')]), faults: [], refused: [] } as never;

function holder(name: string, namespace: string): string | undefined {
  const [resource, ...more] = secretResources(set, [name], namespace);
  assert.equal(more.length, 0);
  if (resource === undefined) return undefined;
  assert.deepEqual([resource.typeUrl, resource.name], [TYPE_URL.secret, name]);
  return /key of (\w+)/.exec(Buffer.from(resource.any).toString('latin1'))?.[1];
}

test('a proxy gets Secrets of its own namespace, and of others by the names that grants were asked about', () => {
  assert.equal(holder('kubernetes://cert', 'edge'), 'edge');
  assert.equal(holder('kubernetes://cert', 'other'), 'other');
  assert.equal(holder('kubernetes://cert', 'third'), undefined);
  assert.equal(holder('kubernetes://edge/cert', 'edge'), 'edge');
  assert.equal(holder('kubernetes://other/cert', 'edge'), undefined);
  assert.equal(holder('kubernetes-gateway://other/cert', 'edge'), 'other');
  assert.equal(holder('ROOTCA', 'edge'), undefined);
});

function named(name: string, stringData: Readonly<Record<string, string>>): readonly [string, object] {
  return [name, { ref: { group: '', kind: 'Secret', namespace: 'edge', name }, spec: { stringData } }];
}

test('authorities come from a Secret of their own, or from beside the certificate, wherever they are', () => {
  const pair = { 'tls.crt': 'chain', 'tls.key': 'key' };
  const bundle = (objects: readonly (readonly [string, object])[]): string | undefined => {
    const [resource] = secretResources(
      { objects: new Map(objects), faults: [], refused: [] } as never,
      ['kubernetes://own-cacert'],
      'edge',
    );
    return resource && /bundle of \w+/.exec(Buffer.from(resource.any).toString('latin1'))?.[0];
  };
  const apart = named('own-cacert', { 'ca.crt': 'bundle of apart' });
  assert.equal(bundle([named('own', pair), apart]), 'bundle of apart');
  assert.equal(bundle([named('own', { ...pair, 'ca.crt': 'bundle of both' })]), 'bundle of both');
  assert.equal(bundle([named('own-cacert', {}), named('own', { cacert: 'bundle of generic' })]), 'bundle of generic');
  assert.equal(bundle([named('own', pair)]), undefined);
});
