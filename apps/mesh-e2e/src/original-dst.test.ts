// Connections that iptables redirects, in a network namespace of their own: needs root, and says so where it is not to be had.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startProcess, WORKSPACE, type RunningProcess } from '@weft/testing-harness';

const NAMESPACE = `weft-dst-${process.pid}`;
const inside = (command: string): string =>
  execFileSync('ip', ['netns', 'exec', NAMESPACE, 'sh', '-c', command], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });

/** Makes the namespace: everything that goes to port 80, of either family, comes to 15001. Says why where it cannot. */
function redirect(): string | undefined {
  try {
    execFileSync('ip', ['netns', 'add', NAMESPACE], { stdio: 'pipe' });
    inside('ip link set lo up && ip addr add 10.9.9.9/32 dev lo && ip -6 addr add fd00::9/128 dev lo nodad');
    inside('iptables -t nat -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 15001');
    inside('ip6tables -t nat -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 15001');
    return undefined;
  } catch (error) {
    return `connections cannot be redirected here: ${(error as Error).message.split('\n').at(-1)}`;
  }
}

const TCP = 'type.googleapis.com/envoy.extensions.filters.network';
const answers = (text: string): object[] => [
  { name: 'd', typed_config: { '@type': `${TCP}.direct_response.v3.Config`, response: { inline_string: text } } },
];
const address = (ip: string, port: number, ipv4Compat = false) => ({
  socket_address: { address: ip, port_value: port, ipv4_compat: ipv4Compat },
});

const bootstrap = {
  admin: { address: address('127.0.0.1', 0) },
  static_resources: {
    listeners: [
      {
        name: 'all',
        address: address('::', 15001, true),
        use_original_dst: true,
        filter_chains: [
          {
            filter_chain_match: { prefix_ranges: [{ address_prefix: '10.7.0.0', prefix_len: 16 }] },
            filters: answers('by prefix'),
          },
          { filters: answers('by none') },
        ],
      },
      {
        name: 'exact',
        address: address('10.9.9.9', 80),
        bind_to_port: false,
        filter_chains: [
          {
            filter_chain_match: {
              prefix_ranges: [{ address_prefix: '10.9.9.9', prefix_len: 32 }],
              destination_port: 80,
            },
            filters: answers('exact'),
          },
        ],
      },
      {
        name: 'exact6',
        address: address('fd00::9', 80),
        bind_to_port: false,
        filter_chains: [{ filters: answers('exact6') }],
      },
    ],
  },
};

const reason = redirect();

describe('original_dst', { skip: reason ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-dst-'));
  let weft: RunningProcess | undefined;
  before(async () => {
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    const main = join(WORKSPACE, 'apps/proxy/src/main.ts');
    weft = await startProcess({
      command: 'ip',
      args: ['netns', 'exec', NAMESPACE, process.execPath, '--conditions=@weft/source', main, '-c', file],
      ready: /starting main dispatch loop/,
    });
  });
  after(async () => {
    await weft?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const curl = (host: string): string => inside(`curl -s --http0.9 --max-time 5 http://${host}:80/ || true`);

  it('hands connections to the listener that their destination belongs to', () => {
    assert.equal(curl('10.9.9.9'), 'exact');
    assert.equal(curl('[fd00::9]'), 'exact6');
  });

  it('matches filter chains on the destination from before', () => {
    inside('ip addr add 10.7.1.1/32 dev lo && ip addr add 10.8.1.1/32 dev lo');
    assert.equal(curl('10.7.1.1'), 'by prefix');
    assert.equal(curl('10.8.1.1'), 'by none');
  });
});

if (reason !== undefined) process.stdout.write(`# ${reason}\n`);
after(() => {
  try {
    execFileSync('ip', ['netns', 'del', NAMESPACE], { stdio: 'ignore' });
  } catch {
    // It was never made.
  }
});
