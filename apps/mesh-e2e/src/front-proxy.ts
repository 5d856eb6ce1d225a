import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, RawClient } from '@weft/testing-harness';
import { proxyStats } from './compose-world.ts';
import { tutorialStats } from './stat-names.ts';

/** Where the example's front proxy listens. */
export interface FrontProxyPorts {
  readonly front: number;
  readonly admin: number;
}

const HELLO = /^Hello from behind Envoy \(service (\d)\)! hostname: ([0-9a-f]{12}) resolvedhostname: ([\d.]+)\n$/;
const IMF_FIXDATE = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;
const REQUESTS = 15;

/** All bytes of an answer to a request as curl sends it. */
async function rawAnswer(
  port: number,
  path: string,
): Promise<{ status: string; fields: [string, string][]; body: string }> {
  const client = new RawClient(port);
  client.send(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n`);
  const [, length = '0'] = /^content-length: (\d+)/m.exec(await client.until(/\r\n\r\n/)) ?? [];
  await client.until(new RegExp(`\\r\\n\\r\\n[^]{${length}}$`));
  client.close();
  const [head = '', body = ''] = client.received.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const fields = lines.map((line): [string, string] => {
    const at = line.indexOf(': ');
    return [line.slice(0, at), line.slice(at + 2)];
  });
  return { status, fields, body };
}

/**
 * What the tutorial promises, for whichever way the example runs, with one instance of service 1. `skip` is the reason why
 * it cannot run.
 */
export function frontProxyTests(ports: FrontProxyPorts, skip: string | false): void {
  const options = { skip, timeout: 120_000 };

  for (const service of ['1', '2'])
    test(`service ${service} answers with the tutorial's headers, in its order`, options, async () => {
      const { status, fields, body } = await rawAnswer(ports.front, `/service/${service}`);
      assert.equal(status, 'HTTP/1.1 200 OK');
      const names = ['content-type', 'content-length', 'server', 'date', 'x-envoy-upstream-service-time'];
      assert.deepEqual(
        fields.map(([name]) => name),
        names,
      );
      const [type, length, server, date, time] = fields.map(([, value]) => value);
      assert.equal(type, 'text/html; charset=utf-8');
      assert.equal(server, 'envoy');
      assert.match(date ?? '', IMF_FIXDATE);
      assert.match(time ?? '', /^\d+$/);
      const [, number, , address = ''] = HELLO.exec(body) ?? [];
      assert.equal(number, service, body);
      // 89 bytes in the tutorial, whose address has ten characters.
      assert.equal(Number(length), 79 + address.length);
    });

  test('a path that no route has is not found, without a body', options, async () => {
    const before = (await proxyStats(ports.admin, 'no_route$')).get('http.ingress_http.no_route') ?? 0;
    const { status, fields, body } = await rawAnswer(ports.front, '/nope');
    assert.equal(status, 'HTTP/1.1 404 Not Found');
    assert.equal(body, '');
    assert.ok(fields.some(([name, value]) => name === 'server' && value === 'envoy'));
    assert.equal((await proxyStats(ports.admin, 'no_route$')).get('http.ingress_http.no_route'), before + 1);
  });

  test('the services are reached over HTTP/2 only', options, async () => {
    const stats = await proxyStats(ports.admin, '^cluster\\.service[12]\\.upstream_cx_http');
    for (const service of ['service1', 'service2']) {
      assert.equal(stats.get(`cluster.${service}.upstream_cx_http1_total`), 0);
      assert.ok((stats.get(`cluster.${service}.upstream_cx_http2_total`) ?? 0) >= 1, service);
    }
  });
}

/** What the tutorial promises when service 1 has three instances and its proxy was not asked before. */
export function scaledFrontProxyTests(ports: FrontProxyPorts, skip: string | false): void {
  const options = { skip, timeout: 120_000 };

  test('the stat names of the tutorial are there at 0 before the first request', options, async () => {
    const stats = await proxyStats(ports.admin, '');
    // These moved while the proxy started: the hosts were found, and somebody asked the admin server.
    const moved = /membership_|update_|max_host_weight|version|^filesystem\./;
    for (const name of [...tutorialStats('service1'), ...tutorialStats('service2')]) {
      assert.ok(stats.has(name), name);
      if (!moved.test(name)) assert.equal(stats.get(name), 0, name);
    }
  });

  test('15 requests go to three instances in strict turns, and every counter says so', options, async () => {
    const hosts: string[] = [];
    for (let left = REQUESTS; left > 0; left -= 1) {
      const { status, body } = await call({ port: ports.front, path: '/service/1' });
      assert.equal(status, 200);
      hosts.push(HELLO.exec(body)?.[2] ?? body);
    }
    assert.equal(new Set(hosts).size, 3);
    hosts.forEach((host, i) => assert.equal(host, hosts[i % 3], `request ${i + 1}`));

    const stats = await proxyStats(ports.admin, '^cluster\\.service1\\.');
    const at = (name: string): number | undefined => stats.get(`cluster.service1.${name}`);
    for (const name of ['upstream_rq_total', 'upstream_rq_200', 'upstream_rq_2xx', 'upstream_rq_completed'])
      assert.equal(at(name), REQUESTS, name);
    for (const name of ['upstream_rq_200', 'upstream_rq_2xx', 'upstream_rq_completed'])
      assert.equal(at(`external.${name}`), REQUESTS, `external.${name}`);
    assert.equal(at('membership_total'), 3);
    assert.equal(at('membership_healthy'), 3);
    assert.equal(at('max_host_weight'), 1);
    assert.equal(at('upstream_cx_http1_total'), 0);
    assert.ok((at('upstream_cx_http2_total') ?? 0) >= 3);
    const failures = /fail|overflow|timeout|retry|reset|destroy|cancel|protocol_error|maintenance|panic|abandon/;
    for (const [name, value] of stats) if (failures.test(name)) assert.equal(value, 0, name);
  });
}
