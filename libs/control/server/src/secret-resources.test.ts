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
