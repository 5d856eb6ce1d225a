import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { configToJson, DecodeContext, formatFault, sourceNamed, validateMessage } from '@weft/api-envoy';
import type { ProxyResources } from './resources.ts';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

const DATA = fileURLToPath(new URL('../testdata/', import.meta.url));
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

function shown({ clusters, endpoints, listeners, routes, secrets }: ProxyResources): string {
  const parts = { clusters, endpoints, listeners, routes };
  const json = Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, list.map(configToJson)]));
  return stringify({ ...json, secrets }, { lineWidth: 0, aliasDuplicateObjects: false });
}

function faultsOf({ clusters, endpoints, listeners, routes }: ProxyResources): string[] {
  return [...clusters, ...endpoints, ...listeners, ...routes].flatMap((message) => {
    const cx = new DecodeContext(sourceNamed(message.$typeName));
    validateMessage(message, cx);
    return cx.faults.map((fault) => formatFault(fault));
  });
}

for (const name of readdirSync(DATA)) {
  test(`${name} is translated as written down`, () => {
    const folder = `${DATA}${name}/`;
    const { snapshot, proxies } = readWorld(readFileSync(`${folder}in.yaml`, 'utf8'), `${name}/in.yaml`);
    const expected = new Set<string>(['in.yaml']);
    for (const [proxyName, proxy] of proxies) {
      const resources = translate(snapshot, proxy);
      assert.deepEqual(faultsOf(resources), [], proxyName);
      const file = `${proxyName}.out.yaml`;
      expected.add(file);
      const text = shown(resources);
      if (UPDATE) writeFileSync(folder + file, text);
      const before = existsSync(folder + file) ? readFileSync(folder + file, 'utf8') : '';
      assert.equal(text, before, `${name}/${file}: UPDATE_GOLDEN=1 writes it anew`);
      assert.equal(shown(translate(snapshot, proxy)), text, 'the same mesh gives the same bytes');
    }
    const orphans = readdirSync(folder).filter((file) => !expected.has(file));
    if (UPDATE) for (const file of orphans) rmSync(folder + file);
    else assert.deepEqual(orphans, [], 'files of proxies that there are not');
    assert.ok(proxies.size > 0, 'a world without a proxy shows nothing');
  });
}
