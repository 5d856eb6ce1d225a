import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { DEFAULT_SETTINGS, type Settings } from '../settings.ts';
import { documentText, meshDocuments, type MeshFacts } from './mesh-documents.ts';
import { CANARY_COOKIE } from './switches.ts';

const GOLDENS = join(import.meta.dirname, '../../testdata');
const FACTS: MeshFacts = { gatewayPort: 8080, redis: undefined };

function texts(facts: MeshFacts, settings: Partial<Settings> = {}): Map<string, string> {
  const documents = meshDocuments(facts, { ...DEFAULT_SETTINGS, ...settings });
  return new Map(documents.map((document) => [document.file, documentText(document)]));
}

/** Compares with the file in testdata; with `UPDATE_GOLDENS=1` writes it. */
function assertGolden(name: string, text: string): void {
  const path = join(GOLDENS, name);
  if (process.env['UPDATE_GOLDENS'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, 'utf8'));
}

describe('the documents of the mesh', () => {
  for (const [name, text] of texts(FACTS)) it(`${name} is as expected`, () => assertGolden(name, text));

  const SWITCHED: readonly (readonly [file: string, golden: string, settings: Partial<Settings>])[] = [
    ['routes/page.yaml', 'routes/page.split-30.yaml', { split: 30 }],
    ['routes/page.yaml', 'routes/page.split-100.yaml', { split: 100 }],
    ['routes/retries.yaml', 'routes/retries.off.yaml', { retries: false }],
  ];
  for (const [file, golden, settings] of SWITCHED)
    it(`${golden} is as expected, and no other document changes`, () => {
      const changed = texts(FACTS, settings);
      assertGolden(golden, changed.get(file) ?? '');
      for (const [name, text] of texts(FACTS)) if (name !== file) assert.equal(changed.get(name), text, name);
    });

  it('the canary takes the place of the split, which would win over it', () => {
    const files = texts(FACTS, { canary: true, split: 30 });
    assertGolden('routes/canary.yaml', files.get('routes/canary.yaml') ?? '');
    assert.equal(files.has('routes/page.yaml'), false);
  });

  it('flaky is no business of the mesh', () => assert.deepEqual(texts(FACTS, { flaky: true }), texts(FACTS)));

  it('a Redis elsewhere is a service outside of the mesh, looked up where it has a name', () => {
    const at = (host: string): string =>
      texts({ ...FACTS, redis: { host, port: 6380 } }).get('services/videos-db.yaml') ?? '';
    assertGolden('services/videos-db.foreign.yaml', at('redis.example'));
    assert.match(at('10.0.0.7'), /resolution: STATIC/);
  });
});

describe('the rule of the canary', () => {
  const MATCHES = ['version=v2', 'version=v2;a=b', 'version=v2; a=b', 'a=b;version=v2', 'a=b;version=v2;c=d'];
  const OTHERS = ['', 'version=v1', 'xversion=v2', 'version=v21', 'a=b; version=v2'];
  for (const [cookies, yes] of [
    [MATCHES, true],
    [OTHERS, false],
  ] as const)
    for (const cookie of cookies)
      it(`${yes ? 'takes' : 'leaves'} "${cookie}"`, () => assert.equal(new RegExp(CANARY_COOKIE).test(cookie), yes));
});
