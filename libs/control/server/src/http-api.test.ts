import assert from 'node:assert/strict';
import { request } from 'node:http';
import { afterEach, test } from 'node:test';
import { HttpApi } from './http-api.ts';

const open: HttpApi[] = [];
afterEach(async () => {
  for (const api of open.splice(0)) await api.close();
});

async function ask(
  host: string,
  names?: readonly string[],
  asksByCluster = false,
): Promise<{ status: number; body: string }> {
  const hosts = names && { names, asksByCluster: () => asksByCluster };
  const api = new HttpApi({ 'GET /peer': ({ peerAddress }) => ({ status: 200, body: peerAddress }) }, hosts);
  open.push(api);
  const [address = '', port = ''] = (await api.listen(0, '127.0.0.1')).split(':');
  return new Promise((resolve, reject) => {
    const asking = request({ hostname: address, port, path: '/peer', headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asking.on('error', reject).end();
  });
}

test('a handler hears whose connection it is', async () => {
  assert.deepEqual(await ask('127.0.0.1'), { status: 200, body: '127.0.0.1' });
});

test('a name that resolves to this server without being its own is refused', async () => {
  for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost', 'LocalHost.:1', '10.1.2.3', 'mesh.example:80'])
    assert.equal((await ask(host, ['mesh.example'])).status, 200, host);
  for (const host of ['rebound.example:8080', 'localhost.example', 'mesh.example@evil', '127.0.0.1.example', 'a:b:c']) {
    const { status, body } = await ask(host, ['mesh.example']);
    assert.equal(status, 403, host);
    assert.match(body, /is none of this control plane/);
  }
  assert.equal((await ask('rebound.example')).status, 200);
  // A proxy's Host is the name of its cluster.
  assert.equal((await ask('xds_cluster', [])).status, 403);
  assert.equal((await ask('xds_cluster', [], true)).status, 200);
  assert.equal((await ask('rebound.example', [], true)).status, 403);
});
