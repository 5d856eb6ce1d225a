import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { AdminReply } from './admin-source.ts';
import { configDump } from './config-dump.ts';
import { FakeAdminSource } from './testing.ts';

const TYPE = 'type.googleapis.com/';
const cluster = (name: string) => ({
  cluster: { '@type': `${TYPE}envoy.config.cluster.v3.Cluster`, name, type: 'STATIC' },
  last_updated: 't',
});

function dump(query: string): Promise<AdminReply> {
  const source = new FakeAdminSource(createFakeRuntime().loggers);
  source.sections = [
    {
      '@type': `${TYPE}envoy.admin.v3.BootstrapConfigDump`,
      bootstrap: { node: { id: 'n' }, admin: { address: 'a' } },
      last_updated: 't',
    },
    { '@type': `${TYPE}envoy.admin.v3.ClustersConfigDump`, static_clusters: [cluster('up'), cluster('dead')] },
    {
      '@type': `${TYPE}envoy.admin.v3.EndpointsConfigDump`,
      static_endpoint_configs: [{ endpoint_config: { cluster_name: 'up' } }],
    },
    {
      '@type': `${TYPE}envoy.admin.v3.SecretsConfigDump`,
      static_secrets: [
        {
          name: 's1',
          secret: {
            '@type': `${TYPE}envoy.extensions.transport_sockets.tls.v3.Secret`,
            tls_certificate: {
              certificate_chain: { filename: '/c.pem' },
              private_key: { filename: '/k.pem' },
              password: { inline_string: 'abc' },
            },
          },
        },
        { name: 'g1', secret: { generic_secret: { secret: { inline_bytes: 'aGVsbG8=' } } } },
      ],
    },
  ];
  return configDump(source, {
    params: new URLSearchParams(query),
    compile: (text) => (text === '(' ? 'missing )' : new RegExp(text)),
  });
}

async function configs(query: string): Promise<Record<string, unknown>[]> {
  const reply = await dump(query);
  assert.equal(reply.status, 200, reply.body);
  return (JSON.parse(reply.body) as { configs: Record<string, unknown>[] }).configs;
}

async function mustRefuse(query: string, status: number, body: string): Promise<void> {
  const reply = await dump(query);
  assert.deepEqual([reply.status, reply.body], [status, body]);
}

test('the whole dump has every section, endpoints only when asked for', async () => {
  assert.equal((await configs('')).length, 3);
  assert.equal((await configs('include_eds')).length, 4);
});

test('secrets are redacted, certificates are not', async () => {
  const { body } = await dump('');
  assert.doesNotMatch(body, /k\.pem|abc|aGVsbG8=/);
  assert.match(body, /"filename": "\/c.pem"/);
  assert.match(body, /"private_key": \{\n +"filename": "\[redacted\]"/);
  assert.match(body, /"inline_bytes": "W3JlZGFjdGVkXQ=="/);
});

test('a resource is the elements of one repeated field, each with its type', async () => {
  assert.deepEqual(
    (await configs('resource=static_clusters')).map((config) => [
      config['@type'],
      (config['cluster'] as { name: string }).name,
    ]),
    [
      [`${TYPE}envoy.admin.v3.ClustersConfigDump.StaticCluster`, 'up'],
      [`${TYPE}envoy.admin.v3.ClustersConfigDump.StaticCluster`, 'dead'],
    ],
  );
  assert.equal((await dump('resource=dynamic_listeners')).body, '{}\n');
  await mustRefuse('resource=zzz', 404, 'zzz not found in config dump');
  await mustRefuse(
    'resource=bootstrap',
    400,
    'bootstrap is not a repeated field. Use ?mask=bootstrap to get only this field',
  );
});

test('a mask keeps the fields it names', async () => {
  assert.deepEqual(await configs('mask=bootstrap.node'), [
    { '@type': `${TYPE}envoy.admin.v3.BootstrapConfigDump`, bootstrap: { node: { id: 'n' } } },
  ]);
  assert.deepEqual((await configs('resource=static_clusters&mask=cluster.name'))[0], {
    '@type': `${TYPE}envoy.admin.v3.ClustersConfigDump.StaticCluster`,
    cluster: { '@type': `${TYPE}envoy.config.cluster.v3.Cluster`, name: 'up' },
  });
  await mustRefuse('mask=zzz', 400, 'FieldMask zzz could not be successfully applied to any configs.');
});

test('a name chooses among the elements, with or without a resource', async () => {
  assert.equal((await configs('resource=static_clusters&name_regex=dea')).length, 1);
  const section = (await configs('name_regex=^up$')).find((one) => 'static_clusters' in one);
  assert.equal((section?.['static_clusters'] as unknown[]).length, 1);
  await mustRefuse('name_regex=(', 400, 'Error while parsing name_regex from (: missing )');
});
