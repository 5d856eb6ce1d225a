import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { DnsOptions, DnsServers } from '@weft/model-cluster';
import { StatsStore } from '@weft/observe-metrics';
import type { DnsAnswer } from './dns-resolver.ts';
import { DnsResolvers } from './dns-resolvers.ts';
import { addressesInHosts } from './hosts-file.ts';
import { statOf } from './testing.ts';

// A DNS server (RFC 1035) that knows `known.test` (A 10.9.8.7, TTL 30) and `broken.test` (SERVFAIL), and denies the rest.
let server: Socket;
let address: string;
before(async () => {
  server = createSocket('udp4');
  server.on('message', (query, peer) => server.send(reply(query), peer.port, peer.address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  address = `127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
});

function reply(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let size = query[at] as number; size > 0; size = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  const name = labels.join('.');
  const isA = query.readUInt16BE(at + 1) === 1;
  const question = query.subarray(12, at + 5);
  const answers = name === 'known.test' && isA ? 1 : 0;
  const head = Buffer.from(query.subarray(0, 12));
  const code = name === 'broken.test' ? 2 : name === 'known.test' ? 0 : 3;
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(answers, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const record = Buffer.from('c00c000100010000001e00040a090807', 'hex');
  return Buffer.concat([head, question, ...(answers > 0 ? [record] : [])]);
}

function dns(changes: Partial<DnsServers> = {}): DnsOptions {
  return {
    refreshRateMs: 5000,
    failureRefreshRate: undefined,
    respectTtl: false,
    lookupFamily: 'V4_PREFERRED',
    jitterMs: 0,
    minRefreshRateMs: 0,
    servers: { addresses: [address], asFallback: false, queryTimeoutMs: 1000, queryTries: 1, ...changes },
  };
}

function ask(resolvers: DnsResolvers, name: string, options = dns()): Promise<DnsAnswer> {
  return new Promise((resolve) => resolvers.for(options).resolve(name, options.lookupFamily, resolve));
}

test('the named servers are asked, and their TTLs are known', async () => {
  const store = new StatsStore();
  const resolvers = new DnsResolvers(store.root);
  assert.deepEqual(await ask(resolvers, 'known.test'), { kind: 'resolved', addresses: ['10.9.8.7'], ttlMs: 30_000 });
  assert.deepEqual(await ask(resolvers, 'none.test'), { kind: 'resolved', addresses: [], ttlMs: undefined });
  assert.deepEqual(await ask(resolvers, 'broken.test'), { kind: 'failed', reason: 'ESERVFAIL' });
  const stat = (name: string): number => statOf(store, `dns.cares.${name}`);
  assert.deepEqual(['resolve_total', 'not_found', 'get_addr_failure', 'pending_resolutions'].map(stat), [3, 1, 1, 0]);
});

test('/etc/hosts is asked before any server', async () => {
  const answer = await ask(new DnsResolvers(new StatsStore().root), 'localhost');
  assert.ok(answer.kind === 'resolved' && answer.addresses.includes('127.0.0.1'));
});

test('servers that are a fallback are asked for what this machine does not know', async () => {
  const options = dns({ asFallback: true });
  const answer = await ask(new DnsResolvers(new StatsStore().root), 'known.test', options);
  assert.deepEqual(answer.kind === 'resolved' && answer.addresses, ['10.9.8.7']);
});

test('clusters that name no servers ask those of the bootstrap', async () => {
  const { servers } = dns();
  const answer = await ask(new DnsResolvers(new StatsStore().root, { usual: servers }), 'known.test', {
    ...dns(),
    servers: undefined,
  });
  assert.deepEqual(answer.kind === 'resolved' && answer.addresses, ['10.9.8.7']);
});

test('a hosts file gives the addresses of a name, whatever else is in it', () => {
  const text =
    '# comment\n127.0.0.1 localhost\n10.0.0.1\tA.test b.test # more\n::1 a.test\nnonsense a.test\n10.0.0.1 a.test\n';
  assert.deepEqual(addressesInHosts(text, 'a.TEST'), ['10.0.0.1', '::1']);
  assert.deepEqual(addressesInHosts(text, 'more'), []);
});
