import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createCatalogServer, type CatalogService } from './catalog-server.ts';

async function listen(t: TestContext, service: Partial<CatalogService>) {
  let printed = '';
  const app = await createCatalogServer({
    route: '/:id',
    headers: {},
    answer: (id) => Promise.resolve(`<${id}>`),
    print: (text) => (printed += text),
    ...service,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return { app, port, printed: () => printed };
}

/** Sends bytes on a connection of their own and returns all that comes back until the peer closes. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => (received += chunk));
  socket.write(text.replaceAll('\n', '\r\n'));
  await once(socket, 'close');
  return received;
}

const request = (method: string, target: string, more = ''): string =>
  `${method} ${target} HTTP/1.1\nhost: x\nconnection: close\n${more}\n`;

test('a body is plain text of known length', async (t) => {
  const { port } = await listen(t, { headers: { 'x-more': '1' } });
  const reply = await exchange(port, request('GET', '/a'));
  assert.match(reply, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(reply, /\r\ncontent-type: text\/plain; charset=utf-8\r\n/);
  assert.match(reply, /\r\ncontent-length: 3\r\n/);
  assert.match(reply, /\r\nx-more: 1\r\n/);
  assert.ok(reply.endsWith('\r\n\r\n<a>'));
});

test('an id is decoded, may be long, and its query is no part of it', async (t) => {
  const { port } = await listen(t, {});
  assert.ok((await exchange(port, request('GET', '/a%20b?x'))).endsWith('<a b>'));
  assert.ok((await exchange(port, request('GET', `/${'i'.repeat(2000)}`))).endsWith(`<${'i'.repeat(2000)}>`));
});

test('a request line with the whole address means its path', async (t) => {
  const { port } = await listen(t, {});
  assert.ok((await exchange(port, request('GET', 'http://videos-api:10010/a'))).endsWith('<a>'));
});

test('a failing handler closes the connection with nothing written', async (t) => {
  const { port, printed } = await listen(t, { answer: () => Promise.reject(new Error('flaky error occurred ')) });
  assert.equal(await exchange(port, request('GET', '/a')), '');
  assert.equal(printed(), 'panic: flaky error occurred \n');
});

test('the server goes on after a connection that was closed that way', async (t) => {
  const { port } = await listen(t, {
    answer: (id) => (id === 'bad' ? Promise.reject(new Error('bad')) : Promise.resolve(id)),
  });
  assert.equal(await exchange(port, request('GET', '/bad')), '');
  assert.ok((await exchange(port, request('GET', '/good'))).endsWith('good'));
});

const REPLIES: readonly {
  readonly line: readonly [string, string];
  readonly status: string;
  readonly has: string[];
}[] = [
  {
    line: ['GET', '/'],
    status: '404 Not Found',
    has: ['content-type: text/plain; charset=utf-8', '404 page not found\n'],
  },
  { line: ['GET', '/a/b'], status: '404 Not Found', has: ['404 page not found\n'] },
  {
    line: ['GET', '/a/'],
    status: '301 Moved Permanently',
    has: ['location: /a\r\n', '<a href="/a">Moved Permanently</a>.\n\n'],
  },
  {
    line: ['POST', '/a'],
    status: '405 Method Not Allowed',
    has: ['allow: GET, OPTIONS\r\n', '\r\n\r\nMethod Not Allowed\n'],
  },
  { line: ['DELETE', '/a'], status: '405 Method Not Allowed', has: ['allow: GET, OPTIONS\r\n'] },
  { line: ['OPTIONS', '/a'], status: '200 OK', has: ['allow: GET, OPTIONS\r\n', 'content-length: 0\r\n'] },
  { line: ['GET', '/%zz'], status: '400 Bad Request', has: ['400 Bad Request'] },
];

for (const { line, status, has } of REPLIES) {
  test(`${line.join(' ')} is answered with ${status} and no header of a served request`, async (t) => {
    const { port } = await listen(t, { headers: { 'access-control-allow-origin': '*' } });
    const reply = await exchange(port, request(...line));
    assert.ok(reply.startsWith(`HTTP/1.1 ${status}\r\n`), reply);
    for (const part of has) assert.ok(reply.includes(part), `${part} in ${reply}`);
    assert.ok(!reply.includes('access-control'));
  });
}

test('HEAD is 405 without a body', async (t) => {
  const { port } = await listen(t, {});
  const reply = await exchange(port, request('HEAD', '/a'));
  assert.ok(reply.startsWith('HTTP/1.1 405 '));
  assert.ok(reply.endsWith('\r\n\r\n'));
});

test('a POST with a body of any type is 405 as well', async (t) => {
  const { port } = await listen(t, {});
  const body = 'content-type: application/x-strange\ncontent-length: 3\n';
  assert.ok((await exchange(port, `${request('POST', '/a', body)}abc`)).startsWith('HTTP/1.1 405 '));
});

test('a stopping server answers what it has begun and then closes the kept-alive connection', async (t) => {
  const begun: PromiseWithResolvers<void> = Promise.withResolvers();
  const goOn = Promise.withResolvers<string>();
  const { app, port } = await listen(t, {
    answer: () => {
      begun.resolve();
      return goOn.promise;
    },
  });
  const reply = exchange(port, 'GET /a HTTP/1.1\nhost: x\n\n');
  await begun.promise;
  const stopped = app.close();
  goOn.resolve('late');
  assert.ok((await reply).endsWith('late'));
  await stopped;
});
