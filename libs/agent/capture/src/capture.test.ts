import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyCapture, cleanCapture, verifyCapture } from './capture.ts';
import { DEFAULT_CAPTURE, chainRules, restoreText } from './capture-rules.ts';
import { Iptables } from './iptables.ts';
import { runCommand, type CommandResult, type RunCommand } from './run-command.ts';

const OK: CommandResult = { code: 0, out: '', err: '' };
const MISSING: CommandResult = { code: 127, out: '', err: 'no such command' };

function fake(answers: Readonly<Record<string, CommandResult>>): { run: RunCommand; ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    run: (command, args) => {
      const line = [command, ...args].join(' ');
      ran.push(line);
      const key = Object.keys(answers).find((start) => line.startsWith(start));
      return key === undefined ? MISSING : (answers[key] as CommandResult);
    },
  };
}

test('the rules are those of Istio, with its comments', () => {
  const text = restoreText(DEFAULT_CAPTURE, 4, []);
  for (const part of [
    ':ISTIO_REDIRECT - [0:0]',
    '--comment istio/redirect-to-envoy-port -j REDIRECT --to-ports 15001',
    '-j REDIRECT --to-ports 15006',
    '--comment istio/redirect-common-chain',
    '-A ISTIO_INBOUND -p tcp -m tcp --dport 15021 -j RETURN',
    '-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT',
    '-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN',
    '-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN',
  ])
    assert.ok(text.includes(part), part);
  const rules = chainRules({ ...DEFAULT_CAPTURE, excludeOutboundRanges: ['10.0.0.0/8', 'fd00::/8'] }, 6);
  assert.ok(rules.includes('ISTIO_OUTPUT -d fd00::/8 -j RETURN'));
  assert.ok(!rules.some((rule) => rule.includes('10.0.0.0/8') || rule.includes('127.0.0.1')));
});

test('the backend is the one that already has rules, else the one of the system', () => {
  const nft = { code: 0, out: 'iptables v1.8.9 (nf_tables)', err: '' };
  const both = { 'iptables-legacy --version': OK, 'iptables-nft --version': OK, 'iptables --version': nft };
  const rules = { code: 0, out: '*nat\n:DOCKER - [0:0]\n-A PREROUTING -j DOCKER\nCOMMIT\n', err: '' };
  const empty = { 'iptables-legacy-save': OK, 'iptables-nft-save': OK };
  assert.equal(Iptables.find(fake({ ...both, ...empty }).run, 4)?.backend, 'nft');
  assert.equal(Iptables.find(fake({ ...both, ...empty, 'iptables-legacy-save': rules }).run, 4)?.backend, 'legacy');
  assert.equal(Iptables.find(fake({ 'iptables --version': OK }).run, 4)?.backend, 'legacy');
  assert.equal(Iptables.find(fake({}).run, 4), undefined);
  assert.equal(applyCapture(fake({}).run, DEFAULT_CAPTURE).backend, 'none');
});

test('every command waits for the lock, and jumps that are there are not added again', () => {
  const { run, ran } = fake({
    'iptables --version': OK,
    'iptables -w 30 -t nat -C': OK,
    'iptables-restore': OK,
    'iptables-save': OK,
  });
  Iptables.find(run, 4)?.apply(DEFAULT_CAPTURE);
  assert.ok(ran.some((line) => line === 'iptables-restore --noflush -w 30'));
  assert.ok(ran.filter((line) => / -[CD] /.test(line)).every((line) => line.includes(' -w 30 ')));
});

test('in a network namespace the rules are there after one time and after two, and gone after cleaning', (t) => {
  const name = `weft-test-${process.pid}`;
  if (runCommand('ip', ['netns', 'add', name]).code !== 0) {
    t.diagnostic('needs root');
    return;
  }
  t.after(() => runCommand('ip', ['netns', 'del', name]));
  const run: RunCommand = (command, args, input) => runCommand('ip', ['netns', 'exec', name, command, ...args], input);
  assert.equal(run('ip', ['link', 'set', 'lo', 'up']).code, 0);
  const options = { ...DEFAULT_CAPTURE, excludeOutboundRanges: ['10.0.0.0/8'], excludeOutboundPorts: [53] };
  assert.ok(verifyCapture(run, options).missing.length > 5);
  const first = applyCapture(run, options);
  const saved = (): string =>
    run('iptables-save', ['-t', 'nat'])
      .out.replace(/^#.*\n/gm, '')
      .replace(/\[\d+:\d+\]/g, '');
  const rules = saved();
  const second = applyCapture(run, options);
  assert.deepEqual([first.missing, first.foreign, second.missing, second.foreign], [[], [], [], []]);
  assert.equal(saved(), rules);
  for (const comment of ['redirect-common-chain', 'redirect-to-envoy-port', 'install-istio-prerouting'])
    assert.ok(rules.includes(`istio/${comment}`), comment);
  run('iptables', ['-t', 'nat', '-A', 'ISTIO_OUTPUT', '-d', '1.2.3.4', '-j', 'RETURN']);
  run('iptables', ['-t', 'nat', '-D', 'ISTIO_INBOUND', '-p', 'tcp', '-m', 'tcp', '--dport', '15021', '-j', 'RETURN']);
  const spoilt = verifyCapture(run, options);
  assert.deepEqual([spoilt.missing.length, spoilt.foreign.length], [1, 1]);
  assert.match(spoilt.foreign[0] ?? '', /1\.2\.3\.4/);
  cleanCapture(run);
  cleanCapture(run);
  assert.doesNotMatch(saved(), /ISTIO/);
});
