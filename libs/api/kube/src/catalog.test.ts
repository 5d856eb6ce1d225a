import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { it } from 'node:test';
import { findKind, kubeKinds } from './catalog.ts';
import { brokenRules } from './rules.ts';
import type { Schema } from './schema.ts';

it('every kind has a schema in every version', () => {
  for (const kind of kubeKinds())
    for (const version of kind.versions) assert.equal(kind.schema(version).type, 'object', `${kind.kind} ${version}`);
  assert.deepEqual(findKind('networking.istio.io', 'VirtualService')?.versions, ['v1', 'v1alpha3', 'v1beta1']);
});

it('every rule of every schema can be evaluated', () => {
  const walk = (schema: Schema): void => {
    // A rule that cannot be compiled throws.
    brokenRules(schema.rules ?? [], {});
    for (const field of Object.values(schema.properties ?? {})) walk(field);
    if (schema.items !== undefined) walk(schema.items);
    if (schema.additionalProperties !== undefined) walk(schema.additionalProperties);
  };
  for (const kind of kubeKinds()) for (const version of kind.versions) walk(kind.schema(version));
});

it('the types are those of the schemas', () => {
  const tool = fileURLToPath(new URL('../tools/generate-types.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

it('nobody can change a schema, or a default in it, for the others', () => {
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value), JSON.stringify(value).slice(0, 80));
    for (const below of Object.values(value)) walk(below);
  };
  assert.ok(Object.isFrozen(kubeKinds()));
  for (const kind of kubeKinds()) for (const version of kind.versions) walk(kind.schema(version));
});
