import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { siteServer } from './site-server.ts';
import { readSite } from './site.ts';

suite('the server of the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-site-'));
  const log: string[] = [];
  let port = 0;
  let server: ReturnType<typeof siteServer>;

  before(async () => {
    mkdirSync(join(folder, 'site/assets'), { recursive: true });
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    writeFileSync(join(folder, 'site/index.html'), '<p>page</p>');
    writeFileSync(join(folder, 'site/assets/a-1234.js'), 'let a;');
    writeFileSync(join(folder, 'site/assets/p 1.svg'), '<svg/>');
    server = siteServer({
      site: readSite(join(folder, 'site')),
      version: '2',
      log: (line) => log.push(line),
      now: () => new Date(0),
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Raw, because a tidy client would resolve `..` itself. */
  async function ask(method: string, path: string, more = ''): Promise<{ status: number; head: string; body: string }> {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    socket.on('data', (chunk: string) => (text += chunk));
    socket.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\n${more}\r\n`);
    await once(socket, 'close');
    const [head = '', ...body] = text.split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: body.join('\r\n\r\n') };
  }

  test('/ is the page, not to be kept without asking, never compressed', async () => {
    const { status, head, body } = await ask('GET', '/');
    assert.deepEqual([status, body], [200, '<p>page</p>']);
    assert.match(head, /content-type: text\/html; charset=utf-8/);
    assert.match(head, /cache-control: no-cache/);
    assert.match(head, /content-length: 11/);
    assert.doesNotMatch(head, /content-encoding/);
    assert.match(head, /x-version: 2/);
    assert.deepEqual((await ask('GET', '/index.html?x=1')).body, '<p>page</p>');
  });

  test('files with a hash in their names may be kept for ever', async () => {
    const { status, head } = await ask('GET', '/assets/a-1234.js');
    assert.equal(status, 200);
    assert.match(head, /content-type: text\/javascript/);
    assert.match(head, /cache-control: public, max-age=31536000, immutable/);
  });

  test('a name may be percent-encoded', async () => {
    const { status, head } = await ask('GET', '/assets/p%201.svg');
    assert.equal(status, 200);
    assert.match(head, /content-type: image\/svg\+xml/);
  });

  test('HEAD has the head of GET and no body', async () => {
    const { status, head, body } = await ask('HEAD', '/');
    assert.deepEqual([status, body], [200, '']);
    assert.match(head, /content-length: 11/);
  });

  test('what the browser has already is not sent again', async () => {
    const file = readSite(join(folder, 'site')).get('/');
    const again = await ask('GET', '/', `if-none-match: "other", ${file?.etag}\r\n`);
    assert.deepEqual([again.status, again.body], [304, '']);
  });

  for (const path of [
    '/nothing',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets',
    '/%zz',
    '/%00',
  ]) {
    test(`${path} is not found`, async () => {
      const { status, body } = await ask('GET', path);
      assert.equal(status, 404);
      assert.ok(!body.includes('secret'));
    });
  }

  test('other methods are refused by name', async () => {
    const { status, head } = await ask('POST', '/');
    assert.equal(status, 405);
    assert.match(head, /allow: get, head/);
  });

  test('each request is one line of the log', async () => {
    log.length = 0;
    await ask('GET', '/nothing', 'user-agent: t\r\n');
    assert.deepEqual(log.length, 1);
    assert.match(
      log[0] ?? '',
      /^127\.0\.0\.1 - - \[01\/Jan\/1970:00:00:00 \+0000\] "GET \/nothing HTTP\/1\.1" 404 \d+ "-" "t" "-"$/,
    );
  });

  test('a folder without a page is an error that names it', () => {
    assert.throws(() => readSite(join(folder, 'site/assets')), /no index\.html in .*assets/);
  });
});
