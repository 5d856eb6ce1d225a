import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { buildPages } from './build-pages.ts';

suite('the built pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-pages-'));
  const html = (version: string): string => readFileSync(join(folder, version, 'index.html'), 'utf8');
  const assets = (version: string, at = folder): Map<string, string> => {
    const names = readdirSync(join(at, version, 'assets')).sort();
    return new Map(names.map((name) => [name, readFileSync(join(at, version, 'assets', name), 'base64')]));
  };

  before(async () => assert.equal(await buildPages(folder), 'built'));
  after(() => rmSync(folder, { recursive: true }));

  test('are not built again from the same sources', async () => {
    assert.equal(await buildPages(folder), 'fresh');
  });

  test('are built again when their stamp does not fit, to the same bytes', async () => {
    const first = assets('v1');
    writeFileSync(join(folder, '.stamp'), 'of other sources');
    assert.equal(await buildPages(folder), 'built');
    assert.deepEqual(assets('v1'), first);
  });

  test('have the same assets, so that a page of one version may get its files from the other', () => {
    assert.deepEqual(assets('v2'), assets('v1'));
    assert.equal([...assets('v1').keys()].filter((name) => name.endsWith('.svg')).length, 10);
  });

  for (const version of ['v1', 'v2']) {
    test(`${version} has its title, the text for browsers without scripts, and relative addresses only`, () => {
      assert.match(html(version), /<title>Video Catalog<\/title>/);
      assert.match(html(version), /<noscript>You need to enable JavaScript to run this app\.<\/noscript>/);
      const addresses = [...html(version).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? '');
      assert.ok(addresses.length >= 3);
      for (const address of addresses) assert.match(address, /^\.\/assets\//);
    });
  }

  test('differ in the bar that only version 2 has', () => {
    const bar =
      '<nav class="navbar navbar-light bg-light"><span class="navbar-brand mb-0 h1">Video Catalog: V2</span></nav>';
    assert.ok(html('v2').includes(bar));
    assert.ok(!html('v1').includes('Video Catalog: V2'));
    assert.ok(!html('v1').includes('navbar'));
  });

  test('name no other host', () => {
    for (const [name, content] of assets('v1')) {
      if (name.endsWith('.svg')) continue;
      const hosts = [
        ...Buffer.from(content, 'base64')
          .toString()
          .matchAll(/https?:\/\/([\w.-]+)/g),
      ].map(([, host]) => host);
      assert.deepEqual(
        hosts.filter((host) => host !== 'localhost'),
        [],
      );
    }
  });
});
