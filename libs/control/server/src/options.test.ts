import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseControlPlaneOptions } from './options.ts';

test('the ports are those of istiod, on this machine only, unless flags say otherwise', () => {
  const parsed = parseControlPlaneOptions(['--config-dir', '/mesh']);
  assert.equal(parsed.kind, 'options');
  if (parsed.kind !== 'options') return;
  const { ports, bindAddress, stateDir, certificateTtlMs } = parsed.options;
  assert.deepEqual(ports, { xds: 15010, secure: 15012, metrics: 15014, debug: 8080 });
  assert.deepEqual([bindAddress, stateDir, certificateTtlMs], ['127.0.0.1', '/mesh/.weft-state', 86_400_000]);
});

test('every wrong flag is told at once, with what was meant', () => {
  const parsed = parseControlPlaneOptions([
    '--xds-prot=1',
    '--debug-port=99999',
    '--certificate-ttl=5',
    '--outbound-traffic-policy=REGISTRY_ONYL',
    'extra',
  ]);
  assert.deepEqual(parsed.kind === 'faults' && parsed.faults, [
    'there is no flag --xds-prot; did you mean --xds-port?',
    '"extra" is no flag; all arguments are flags',
    '--config-dir is missing: the folder with the documents of the mesh',
    '--debug-port is "99999"; expected a whole number from 0 to 65535',
    '--outbound-traffic-policy is "REGISTRY_ONYL"; expected ALLOW_ANY, REGISTRY_ONLY; did you mean REGISTRY_ONLY?',
    '--certificate-ttl is "5"; expected a time such as 100ms, 10s, 30m, 24h',
  ]);
});

test('--help names every flag', () => {
  const parsed = parseControlPlaneOptions(['--help']);
  assert.equal(parsed.kind, 'help');
  if (parsed.kind === 'help') assert.match(parsed.text, /--config-dir DIR[\s\S]*--kept-versions N/);
});
