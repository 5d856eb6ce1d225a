import { testSource } from '@weft/control-debug/testing';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { debugPort, keptVersions, weft, type Answer } from './world.testing.ts';

const DATA = fileURLToPath(new URL('../testdata/', import.meta.url));
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const CDS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const LDS = 'type.googleapis.com/envoy.config.listener.v3.Listener';
const RDS = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

/** In the middle of an exchange of its root. */
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const root = { lastLeafMs: 0, signsFromMs: undefined, given: false, notAfterMs: NOW_MS + 87_000 * HOUR_MS };
const authority = {
  rotateRoot: () => Promise.resolve('an exchange of the root is under way already'),
  report: () => ({
    trustDomain: 'cluster.local',
    nowMs: NOW_MS,
    leafLifeMs: 24 * HOUR_MS,
    roots: [
      { ...root, id: '5f2d09c1a7e34b86', phase: 'signing' as const, notAfterMs: NOW_MS + 700 * HOUR_MS },
      { ...root, id: 'c04be1729d5538fa', phase: 'announced' as const, untilMs: NOW_MS + 20 * HOUR_MS },
    ],
    signer: { notAfterMs: NOW_MS + 700 * HOUR_MS, intermediates: 0 },
    rotation: {
      step: 'announced' as const,
      from: '5f2d09c1a7e34b86',
      to: 'c04be1729d5538fa',
      untilMs: NOW_MS + 20 * HOUR_MS,
    },
    expiring: ['the root 5f2d09c1a7e34b86 expires in 29 days'],
    leaves: [],
  }),
};

const source = testSource(readFileSync(`${DATA}world.yaml`, 'utf8'), {
  authority,
  states: {
    'playlists-api-1': {
      [RDS]: {
        state: 'HELD_BACK',
        heldBack: [
          { name: '80', lacks: [{ typeUrl: CDS, name: 'outbound|80|v2|videos-api.default.svc.cluster.local' }] },
        ],
      },
    },
    'videos-api-1': {
      [LDS]: { state: 'NACKED', error: 'Error adding/updating listener(s) inbound: address already in use' },
      [RDS]: {
        state: 'NOT_SENT',
        versionSent: '',
        versionAcknowledged: '',
        sentMs: undefined,
        acknowledgedMs: undefined,
      },
    },
    'videos-web-1': { [CDS]: { state: 'NEVER_ACKNOWLEDGED', versionAcknowledged: '' }, [LDS]: { state: 'STALE' } },
  },
  withheld: {
    'videos-web-1': [
      {
        typeUrl: CDS,
        name: 'outbound|80||videos-api.default.svc.cluster.local',
        path: 'circuit_breakers.thresholds[0].max_connections',
        message: 'is -1; expected an integer from 0 to 4294967295',
        outcome: 'It stays as it was.',
        documents: [
          { group: 'networking.istio.io', kind: 'DestinationRule', namespace: 'default', name: 'videos-api' },
        ],
      },
    ],
  },
});

/** What is asked, one golden file each. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'proxy-status': [
    'proxy-status',
    'proxy-status -o wide',
    'proxy-status videos-api-1',
    'proxy-status videos',
    'proxy-status nobody',
    'proxy-status --help',
  ],
  'proxy-config': [
    'proxy-config listeners playlists-api-1',
    'proxy-config listeners videos-web-1 --port 80',
    'proxy-config clusters playlists-api-1',
    'proxy-config clusters playlists-api-1 --fqdn videos-api --subset v1',
    'proxy-config routes playlists-api-1',
    'proxy-config endpoints playlists-api-1.default --direction outbound',
    'proxy-config endpoints default/playlists-api-1 --port 6379 -o yaml',
    'proxy-config secrets playlists-api-1',
    'proxy-config clusters playlist-api-1',
    'proxy-config cluster',
    'proxy-config rooutes playlists-api-1',
    'proxy-config clusters playlists-api-1 --direction outwards',
  ],
  describe: [
    'describe pod videos-web-1',
    'describe workload videos-api-1',
    'describe workload legacy-1',
    'describe service videos-api.default',
    'describe service playlists-db',
    'describe service video-api',
    'describe servise videos-api',
  ],
  edges: [
    'edges',
    'edges workload -o wide',
    'edges deployment -n elsewhere',
    'edges deployments -o json --namespace elsewhere',
    'edges podz',
  ],
  authz: [
    'authz why playlists-api videos-api GET /videos/1',
    'authz why playlists-api videos-api DELETE /videos/1',
    'authz why videos-web videos-api get /videos/1',
    'authz why legacy videos-api GET /videos/1',
    'authz why spiffe://cluster.local/ns/ops/sa/root videos-api GET / -H x-debug:1',
    'authz why playlists-api playlists-db GET / --port 6379',
    'authz why nobody videos-api GET /',
    'authz why playlists-api',
    'authz wy',
  ],
  ca: ['ca status', 'ca status -o json', 'ca rotate', 'ca rotate --yes', 'ca statsu', 'ca'],
  status: [
    'status',
    'status virtualservices',
    'status AuthorizationPolicies',
    'status gateways',
    'status nothing',
    'status vidoes-api',
    'status serviceentri',
    'status videos-api -n elsewhere',
  ],
};

const ROUTE = (weight: number): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: videos-web}
spec:
  hosts: [videos-web]
  http:
    - route:
        - {destination: {host: videos-web}, weight: ${100 - weight}}
        - {destination: {host: videos-web-v2}, weight: ${weight}}
`;
const VERSIONS = ['versions', 'diff', 'rollback 1', 'rollback 1 --yes', 'versions'];

async function golden(name: string, commands: readonly string[], answer: Answer): Promise<void> {
  const parts: string[] = [];
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await weft(command, answer);
    parts.push(`$ weft ${command}\n${stdout}${stderr}${exitCode === 0 ? '' : `[exit code ${exitCode}]\n`}`);
  }
  const text = parts.join('\n');
  const file = `${DATA}${name}.txt`;
  if (UPDATE) writeFileSync(file, text);
  assert.equal(text, existsSync(file) ? readFileSync(file, 'utf8') : '', 'UPDATE_GOLDEN=1 writes it anew');
}

for (const [name, commands] of Object.entries(COMMANDS))
  test(`${name} prints what is written down`, () => golden(name, commands, debugPort(source)));

test('versions prints what is written down', (t) =>
  golden('versions', VERSIONS, debugPort(keptVersions(t, [ROUTE(10), ROUTE(50)]).source)));

/** Three of the workloads of world.yaml, and one that is gone. */
const REGISTERED = {
  leaseMs: 15_000,
  workloads: ['playlists-api', 'videos-api', 'videos-web'].map((serviceAccount) => ({
    ...{ namespace: 'default', name: `${serviceAccount}-1`, serviceAccount, healthy: true },
  })),
  expired: [{ namespace: 'default', name: 'videos-api-2', atMs: NOW_MS - HOUR_MS / 2 }],
};

test('check prints what is written down', () =>
  golden('check', ['check', 'check -o json'], debugPort(source, { '/v1/workloads': REGISTERED })));

test('no golden file is left over', () => {
  const wanted = new Set([
    'world.yaml',
    'versions.txt',
    'check.txt',
    ...Object.keys(COMMANDS).map((name) => `${name}.txt`),
  ]);
  const orphans = readdirSync(DATA).filter((file) => !wanted.has(file));
  if (UPDATE) for (const file of orphans) rmSync(DATA + file);
  assert.deepEqual(
    readdirSync(DATA).filter((file) => !wanted.has(file)),
    [],
  );
});

test('the samples of docs/cli.md are what the verbs print', () => {
  const printed = readdirSync(DATA).map((file) => readFileSync(DATA + file, 'utf8'));
  const text = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');
  const samples = [...text.matchAll(/^```text\n([^]*?)^```$/gm)].map(([, sample = '']) => sample);
  assert.ok(samples.length >= Object.keys(COMMANDS).length);
  for (const sample of samples)
    assert.ok(
      printed.some((file) => file.includes(sample)),
      sample,
    );
});
