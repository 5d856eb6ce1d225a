import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { clusterConfig } from '@weft/model-cluster/testing';
import { StatsStore } from '@weft/observe-metrics';
import { ANY_HOST } from '@weft/proxy-filter-api';
import { chooseFamily, type DnsAnswer, type DnsResolver } from './dns-resolver.ts';
import { LogicalDns } from './logical-dns.ts';
import { StrictDns } from './strict-dns.ts';
import { NO_FLAGS, statOf } from './testing.ts';
import { UpstreamCluster } from './upstream-cluster.ts';

/** A resolver whose answers a test gives by hand. */
class FakeResolver implements DnsResolver {
  readonly asked: string[] = [];
  private questions: ((answer: DnsAnswer) => void)[] = [];

  resolve(name: string, family: string, answer: (answer: DnsAnswer) => void): void {
    this.asked.push(`${name} ${family}`);
    this.questions.push(answer);
  }
  /** Answers the oldest question. */
  answer(addresses: readonly string[], ttlMs?: number): void {
    this.questions.shift()?.({ kind: 'resolved', addresses, ttlMs });
  }
  fail(): void {
    this.questions.shift()?.({ kind: 'failed', reason: 'EAI_AGAIN' });
  }
}

function dnsCluster(kind: 'STRICT_DNS' | 'LOGICAL_DNS', names: readonly string[] = ['a.test'], more = '') {
  const endpoints = names.map((name) => `{endpoint: {address: {socket_address: {address: ${name}, port_value: 80}}}}`);
  const config = clusterConfig(`
name: c
type: ${kind}
load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [${endpoints.join(', ')}]}]}
${more}`);
  const runtime = createFakeRuntime();
  const store = new StatsStore();
  const resolver = new FakeResolver();
  const cluster = new UpstreamCluster(config, {
    runtime,
    flags: NO_FLAGS,
    stats: store.root,
    tls: { environment: {}, staticSecret: () => undefined },
    clusterUpdated: store.root.counter('cluster_manager.cluster_updated'),
  });
  let initialized = 0;
  const owner = { onInitialized: () => (initialized += 1) };
  const Kind = kind === 'STRICT_DNS' ? StrictDns : LogicalDns;
  const discovery = new Kind(cluster, { runtime, resolver }, owner);
  discovery.start();
  return {
    cluster,
    runtime,
    resolver,
    discovery,
    initialized: () => initialized,
    stat: (name: string) => statOf(store, `cluster.c.${name}`),
    addresses: () => cluster.hosts.map((host) => host.address.text),
  };
}

test('each address of a strict name is a host', () => {
  const { resolver, addresses, stat, initialized } = dnsCluster('STRICT_DNS');
  assert.deepEqual(resolver.asked, ['a.test AUTO']);
  assert.equal(initialized(), 0);
  resolver.answer(['10.0.0.2', '10.0.0.1']);
  assert.equal(initialized(), 1);
  assert.deepEqual(addresses(), ['10.0.0.1:80', '10.0.0.2:80']);
  assert.deepEqual(
    ['update_attempt', 'update_success', 'membership_total', 'membership_change'].map(stat),
    [1, 1, 2, 1],
  );
});

test('names are resolved again each five seconds, and hosts that stay are the same hosts', () => {
  const { resolver, cluster, runtime, stat, addresses } = dnsCluster('STRICT_DNS');
  resolver.answer(['10.0.0.1', '10.0.0.2']);
  const [kept] = cluster.hosts;
  runtime.timers.advance(4999);
  assert.equal(resolver.asked.length, 1);
  runtime.timers.advance(1);
  resolver.answer(['10.0.0.2', '10.0.0.1']);
  assert.equal(stat('update_no_rebuild'), 1);
  runtime.timers.advance(5000);
  resolver.answer(['10.0.0.1', '10.0.0.3']);
  assert.deepEqual(addresses(), ['10.0.0.1:80', '10.0.0.3:80']);
  assert.equal(cluster.hosts[0], kept);
  assert.deepEqual(['update_attempt', 'membership_change', 'update_no_rebuild'].map(stat), [3, 2, 1]);
});

test('a resolver that fails leaves the hosts as they are', () => {
  const { resolver, runtime, stat, addresses } = dnsCluster('STRICT_DNS');
  resolver.answer(['10.0.0.1']);
  runtime.timers.advance(5000);
  resolver.fail();
  assert.deepEqual(addresses(), ['10.0.0.1:80']);
  assert.equal(stat('update_failure'), 1);
  assert.match(runtime.logged.join(''), /"a\.test" could not be resolved \(EAI_AGAIN\)/);
  runtime.timers.advance(5000);
  assert.equal(stat('update_attempt'), 3);
});

test('a strict name without addresses has no hosts, and there is nobody to pick', () => {
  const { resolver, runtime, cluster, stat, initialized } = dnsCluster('STRICT_DNS');
  resolver.answer([]);
  assert.equal(initialized(), 1);
  assert.equal(cluster.pick(ANY_HOST), undefined);
  runtime.timers.advance(5000);
  resolver.answer(['10.0.0.1']);
  assert.notEqual(cluster.pick(ANY_HOST), undefined);
  assert.equal(stat('membership_healthy'), 1);
});

test('a cluster waits for the first answer of all its names, even a bad one', () => {
  const { resolver, initialized, addresses } = dnsCluster('STRICT_DNS', ['a.test', 'b.test']);
  resolver.answer(['10.0.0.1']);
  assert.equal(initialized(), 0);
  resolver.fail();
  assert.equal(initialized(), 1);
  assert.deepEqual(addresses(), ['10.0.0.1:80']);
});

test('after failures the wait grows up to its limit', () => {
  const { resolver, runtime } = dnsCluster(
    'STRICT_DNS',
    ['a.test'],
    'dns_failure_refresh_rate: {base_interval: 1s, max_interval: 4s}',
  );
  // The drawn half is 0 here, so the waits are half of 1, 2, 4 and 4 seconds.
  for (const waitMs of [500, 1000, 2000, 2000]) {
    const before = resolver.asked.length;
    resolver.fail();
    runtime.timers.advance(waitMs - 1);
    assert.equal(resolver.asked.length, before);
    runtime.timers.advance(1);
    assert.equal(resolver.asked.length, before + 1);
  }
});

test('the TTL of an answer takes the place of the refresh rate where that is asked for', () => {
  const { resolver, runtime } = dnsCluster('STRICT_DNS', ['a.test'], 'respect_dns_ttl: true');
  resolver.answer(['10.0.0.1'], 30_000);
  runtime.timers.advance(29_999);
  assert.equal(resolver.asked.length, 1);
  runtime.timers.advance(1);
  assert.equal(resolver.asked.length, 2);
});

test('a logical name is one host, which moves with the answers', () => {
  const { resolver, runtime, cluster, stat, addresses } = dnsCluster('LOGICAL_DNS');
  resolver.answer(['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(addresses(), ['10.0.0.1:80']);
  assert.equal(cluster.hosts[0]?.hostname, 'a.test');
  const [host] = cluster.hosts;
  runtime.timers.advance(5000);
  resolver.answer(['10.0.0.2']);
  assert.deepEqual(addresses(), ['10.0.0.2:80']);
  assert.equal(cluster.hosts[0], host);
  assert.equal(stat('membership_change'), 1);
});

test('a logical name keeps its host when an answer has no address', () => {
  const { resolver, runtime, stat, addresses, initialized } = dnsCluster('LOGICAL_DNS');
  resolver.answer([]);
  assert.equal(initialized(), 1);
  assert.deepEqual(addresses(), []);
  runtime.timers.advance(5000);
  resolver.answer(['10.0.0.1']);
  runtime.timers.advance(5000);
  resolver.answer([]);
  assert.deepEqual(addresses(), ['10.0.0.1:80']);
  assert.equal(stat('update_failure'), 2);
});

test('a closed discovery takes no late answer and leaves no timer', () => {
  const { resolver, runtime, discovery, addresses } = dnsCluster('STRICT_DNS');
  resolver.answer(['10.0.0.1']);
  runtime.timers.advance(5000);
  discovery.close();
  resolver.answer(['10.0.0.9']);
  assert.deepEqual(addresses(), ['10.0.0.1:80']);
  assert.equal(runtime.timers.pending, 0);
});

test('address families are chosen as the configuration says', () => {
  const found = ['10.0.0.1', '::1'] as const;
  assert.deepEqual(chooseFamily(found, 'AUTO'), ['::1']);
  assert.deepEqual(chooseFamily(found, 'V4_ONLY'), ['10.0.0.1']);
  assert.deepEqual(chooseFamily(found, 'V6_ONLY'), ['::1']);
  assert.deepEqual(chooseFamily(found, 'V4_PREFERRED'), ['10.0.0.1']);
  assert.deepEqual(chooseFamily(found, 'ALL'), ['::1', '10.0.0.1']);
  assert.deepEqual(chooseFamily([found[0]], 'AUTO'), ['10.0.0.1']);
  assert.deepEqual(chooseFamily([found[1]], 'V4_ONLY'), []);
});
