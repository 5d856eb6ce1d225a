import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { WORKSPACE } from '@weft/testing-harness';

type Manifest = Partial<Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>>;

/** Every package that is not ours, with the versions that the workspace asks for. */
function external(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const path of [
    'package.json',
    ...globSync(['apps/*/package.json', 'libs/*/*/package.json'], { cwd: WORKSPACE }),
  ]) {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(WORKSPACE, path), 'utf8')) as Manifest;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      if (!name.startsWith('@weft/')) found.set(name, (found.get(name) ?? new Set()).add(version));
  }
  return found;
}

describe('dependencies', () => {
  it('have each a reason in docs/decisions/006, which names no other', () => {
    const page = readFileSync(join(WORKSPACE, 'docs/decisions/006-dependencies.md'), 'utf8');
    const named = [...page.matchAll(/^\| `([^`]+)` \| .+ \|$/gm)].map(([, name]) => name);
    assert.deepEqual(named.toSorted(), [...external().keys()].toSorted());
  });

  it('are of one exact version in the whole workspace', () => {
    for (const [name, versions] of external()) {
      assert.equal(versions.size, 1, `${name}: ${[...versions].join(', ')}`);
      assert.match([...versions].join(), /^(npm:\w+@)?\d+\.\d+\.\d+$/, name);
    }
  });
});
