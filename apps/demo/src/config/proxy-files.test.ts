import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { preferredPorts } from '../ports.ts';
import { DEFAULT_SETTINGS, type Settings } from '../settings.ts';
import { CANARY_COOKIE } from './gateway.ts';
import { fileText, proxyFiles, type Mesh } from './proxy-files.ts';

const GOLDENS = join(import.meta.dirname, '../../testdata');
const MESH: Mesh = {
  ports: preferredPorts(),
  folder: '/demo/proxies',
  logs: '/demo/logs',
  redis: { host: '127.0.0.1', playlistsPort: 18500, videosPort: 18600 },
  zipkin: undefined,
};

function texts(mesh: Mesh, settings: Partial<Settings> = {}): Map<string, string> {
  const files = proxyFiles(mesh, { ...DEFAULT_SETTINGS, ...settings });
  return new Map(files.map((file) => [`${file.proxy}/${basename(file.path)}`, fileText(file, 1)]));
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

describe('the files of the proxies', () => {
  for (const [name, text] of texts(MESH)) it(`${name} is as expected`, () => assertGolden(name, text));

  const SWITCHED: readonly (readonly [file: string, golden: string, settings: Partial<Settings>])[] = [
    ['gateway/rds-gateway.yaml', 'gateway/rds-gateway.split-30.yaml', { split: 30 }],
    ['gateway/rds-gateway.yaml', 'gateway/rds-gateway.canary.yaml', { canary: true, split: 30 }],
    ['playlists-api/rds-videos-api.yaml', 'playlists-api/rds-videos-api.no-retries.yaml', { retries: false }],
  ];
  for (const [file, golden, settings] of SWITCHED)
    it(`${golden} is as expected`, () => {
      const changed = texts(MESH, settings);
      assertGolden(golden, changed.get(file) ?? '');
      const others = [...texts(MESH)].filter(([name]) => name !== file);
      // Every other file stays as it is: nothing but these routes changes, so no connection closes.
      for (const [name, text] of others) assert.equal(changed.get(name), text, name);
    });

  it('flaky is no business of the proxies', () => assert.deepEqual(texts(MESH, { flaky: true }), texts(MESH)));

  it('with a Zipkin every proxy traces everything, and knows where to', () => {
    const traced = texts({ ...MESH, zipkin: { host: 'zipkin.example', port: 9411 } });
    assertGolden('playlists-api/lds.zipkin.yaml', traced.get('playlists-api/lds.yaml') ?? '');
    assertGolden('playlists-api/bootstrap.zipkin.yaml', traced.get('playlists-api/bootstrap.yaml') ?? '');
    for (const proxy of ['gateway', 'videos-web', 'videos-web-v2', 'playlists-api', 'videos-api']) {
      assert.match(traced.get(`${proxy}/cds.yaml`) ?? '', /name: zipkin\n {2}type: STRICT_DNS/);
      assert.match(traced.get(`${proxy}/lds.yaml`) ?? '', /random_sampling:\n +value: 100/);
      assert.match(traced.get(`${proxy}/bootstrap.yaml`) ?? '', /^tracing:\n {2}http:\n/m);
    }
  });

  it('a Redis with a name is looked up', () => {
    const redis = { host: 'redis.example', playlistsPort: 6379, videosPort: 6379 };
    assert.match(texts({ ...MESH, redis }).get('videos-api/cds.yaml') ?? '', /name: videos-db\n {2}type: STRICT_DNS/);
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
