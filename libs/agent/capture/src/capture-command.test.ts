import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureCommand } from './capture-command.ts';
import type { RunCommand } from './run-command.ts';

const NOTHING: RunCommand = () => ({ code: 127, out: '', err: 'no such command' });

test('show prints what would be, with the flags in it', () => {
  const flags = ['--outbound-port', '16001', '--exclude-outbound-ranges', '10.0.0.0/8', '--proxy-uid', '7'];
  const { code, out } = captureCommand(['show', ...flags], NOTHING);
  assert.equal(code, 0);
  for (const part of ['--to-ports 16001', '-d 10.0.0.0/8 -j RETURN', '--uid-owner 7 -j RETURN'])
    assert.ok(out.includes(part));
});

test('faults of the command line are told all at once, and nothing is done', () => {
  const { code, err } = captureCommand(
    ['--inbound-port', 'x', '--exclude-outbound-ranges', '10.0.0.0', '--exclude-inbound-ports', '1,z'],
    NOTHING,
  );
  assert.equal(code, 2);
  for (const part of [/--inbound-port x/, /"10.0.0.0" is no CIDR/, /--exclude-inbound-ports 1,z/, /expected apply/])
    assert.match(err, part);
  const unknown = captureCommand(['apply', '--proxy-uidd', '7'], NOTHING);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /there is no flag --proxy-uidd; did you mean --proxy-uid\?/);
});

test('without iptables nothing is in place, and that is said', () => {
  const { code, err } = captureCommand(['verify'], NOTHING);
  assert.equal(code, 1);
  assert.match(err, /iptables is not installed/);
  assert.equal(captureCommand(['clean'], NOTHING).code, 0);
});
