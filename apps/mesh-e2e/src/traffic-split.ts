import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, type HttpReply } from '@weft/testing-harness';
import { assertShare, countReplies, type Shares } from './shares.ts';

/** Where the two proxies of examples/traffic-split listen. */
export interface TrafficSplitPorts {
  readonly proxy: number;
  readonly proxyAdmin: number;
  readonly split: number;
  readonly splitAdmin: number;
}

const WEIGHTS = 'routing.traffic_split.baidu_service.service_baidu_cluster';

function kindOf({ status, body }: HttpReply): string {
  if (status === 200 && body.includes('This is www.baidu.com')) return 'page';
  if (status === 503 && body === 'no healthy upstream') return 'no healthy upstream';
  return `${status} ${body}`;
}

async function setWeights(admin: number, v1: number, v2: number): Promise<void> {
  const path = `/runtime_modify?${WEIGHTS}_v1=${v1}&${WEIGHTS}_v2=${v2}`;
  assert.equal((await call({ port: admin, method: 'POST', path })).status, 200);
}

const count = (ports: TrafficSplitPorts, requests: number): Promise<Shares> =>
  countReplies({ port: ports.split }, requests, kindOf);

/** The example's promises, for whichever way it runs. `skip` is the reason why it cannot. */
export function trafficSplitTests(ports: TrafficSplitPorts, skip: string | false): void {
  const options = { skip, timeout: 120_000 };

  test('the page comes from the TLS server, asked by its name in SNI and Host', options, async () => {
    const reply = await call({ port: ports.proxy, headers: { host: 'localhost' } });
    assert.equal(kindOf(reply), 'page');
    assert.equal(reply.headers['x-origin-sni'], 'www.baidu.com');
    assert.equal(reply.headers['x-origin-host'], 'www.baidu.com');
    assert.equal(reply.headers['server'], 'envoy');
  });

  test('the admin address shows a page with links', options, async () => {
    const { status, body } = await call({ port: ports.proxyAdmin });
    assert.equal(status, 200);
    for (const link of ['clusters', 'config_dump', 'listeners', 'stats'])
      assert.match(body, new RegExp(`href=['"]/?${link}`));
  });

  test('half of 1000 requests find no healthy upstream', options, async () => {
    const shares = await count(ports, 1000);
    assert.deepEqual(Object.keys(shares).sort(), ['no healthy upstream', 'page']);
    assertShare(shares, 'page', 0.5);
  });

  test('a request that finds none is answered in 19 bytes of text', options, async () => {
    await setWeights(ports.splitAdmin, 0, 100);
    const { headers } = await call({ port: ports.split });
    assert.equal(headers['content-length'], '19');
    assert.equal(headers['content-type'], 'text/plain');
  });

  test('the weights change live, by runtime keys', options, async () => {
    await setWeights(ports.splitAdmin, 100, 0);
    assert.deepEqual(await count(ports, 100), { page: 100 });
    await setWeights(ports.splitAdmin, 90, 10);
    assertShare(await count(ports, 1000), 'page', 0.9);
  });
}
