import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { WORKSPACE } from '@weft/testing-harness';
import { ESLint } from 'eslint';
import { allowedLayers, faultsOf, layerOfFolder } from '../../../tools/layers.mjs';

/** A project graph of two projects, one importing the other. */
function graph(from: { root: string; tags: string[] }, to: { root: string; tags: string[] }) {
  return {
    nodes: { from: { data: from }, to: { data: to } },
    dependencies: { from: [{ target: 'to' }], to: [] },
  };
}

const CORE = { root: 'libs/core/stats', tags: ['layer:core', 'plane:shared'] };
const ENGINE = { root: 'libs/proxy/hcm', tags: ['layer:engine', 'plane:data'] };

describe('the layer check', () => {
  it('lets imports go down', () => {
    assert.deepEqual(faultsOf(graph(ENGINE, CORE)), []);
  });

  it('catches an import that goes up', () => {
    assert.match(faultsOf(graph(CORE, ENGINE))[0] ?? '', /from \(core\) imports to \(engine\): imports go down only/);
  });

  it('catches siblings of the service layer that know each other', () => {
    const h1 = { root: 'libs/net/h1', tags: ['layer:service', 'plane:data'] };
    const metrics = { root: 'libs/observe/metrics', tags: ['layer:service', 'plane:shared'] };
    assert.match(faultsOf(graph(h1, metrics))[0] ?? '', /imports go down only/);
  });

  it('catches planes that mix', () => {
    const proxy = { root: 'apps/proxy', tags: ['layer:app', 'plane:data'] };
    const control = { root: 'libs/control/push', tags: ['layer:engine', 'plane:control'] };
    assert.match(faultsOf(graph(proxy, control))[0] ?? '', /plane data\) imports to \(plane control/);
  });

  it('catches a tag that the folder contradicts, and a graph that saw no imports', () => {
    const faults = faultsOf({
      nodes: { x: { data: { root: 'libs/core/x', tags: ['layer:model', 'plane:shared'] } } },
      dependencies: {},
    });
    assert.match(faults.join('\n'), /must be tagged layer:core/);
    assert.match(faults.join('\n'), /the graph has no imports at all/);
  });

  it('knows apps/mesh-e2e as tests, though it lies among the apps', () => {
    assert.equal(layerOfFolder('apps/mesh-e2e'), 'testing');
    assert.deepEqual(allowedLayers('testing'), ['*']);
  });
});

describe('the linter', () => {
  before(() => {
    // The boundary rule passes everything with a warning as long as Nx has made no project graph.
    const nx = spawnSync(join(WORKSPACE, 'node_modules/.bin/nx'), ['show', 'projects'], {
      cwd: WORKSPACE,
      env: { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
    });
    assert.equal(nx.status, 0);
  });

  async function rules(code: string, file: string): Promise<string[]> {
    const results = await new ESLint({ cwd: WORKSPACE }).lintText(code, { filePath: join(WORKSPACE, file) });
    return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId ?? ''));
  }

  it('catches an import that goes up', async () => {
    const code = `import { decodeHcm } from '@weft/proxy-hcm';\nexport const decode = decodeHcm;\n`;
    assert.deepEqual(await rules(code, 'libs/core/stats/src/stats.ts'), ['@nx/enforce-module-boundaries']);
  });

  it('catches a relative path into another library', async () => {
    const code = `import { HeaderMap } from '../../../core/http/src/index.ts';\nexport const empty = new HeaderMap();\n`;
    assert.deepEqual(await rules(code, 'libs/net/h1/src/settings.ts'), ['@nx/enforce-module-boundaries']);
  });

  it('catches timers and clocks outside of the runtime', async () => {
    const code = `export const later = (task: () => void): number => (setTimeout(task, 1), Date.now());\n`;
    assert.deepEqual(await rules(code, 'libs/net/h1/src/settings.ts'), [
      'no-restricted-globals',
      'no-restricted-properties',
    ]);
  });

  it('keeps the model free of the platform', async () => {
    const code = `import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x', 'utf8');\n`;
    assert.deepEqual(await rules(code, 'libs/model/route/src/route.ts'), ['no-restricted-imports']);
  });
});
