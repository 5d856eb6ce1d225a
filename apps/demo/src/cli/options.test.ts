import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { STATE_DIR } from '../workspace.ts';
import { parseCommand, type DemoCommand } from './options.ts';

const parse = (line: string, env: Record<string, string> = {}): DemoCommand =>
  parseCommand(line.split(' ').filter(Boolean), env);

describe('weft demo start', () => {
  it('has defaults for everything', () => {
    assert.deepEqual(parse('start'), {
      verb: 'start',
      settings: DEFAULT_SETTINGS,
      open: false,
      autoPorts: false,
      chosenPorts: {},
      zipkin: undefined,
      envoy: undefined,
      stateDir: STATE_DIR,
    });
  });

  it('takes switches, ports and places', () => {
    const line =
      'start --open --auto-ports --gateway-port 80 --status-port=81 --flaky on --retries off --split 50 --canary on --state-dir /x';
    assert.deepEqual(parse(line), {
      verb: 'start',
      settings: { flaky: true, retries: false, split: 50, canary: true },
      open: true,
      autoPorts: true,
      chosenPorts: { gateway: 80, statusPage: 81 },
      zipkin: undefined,
      envoy: undefined,
      stateDir: '/x',
    });
  });

  it('takes a Zipkin from its flag before the environment', () => {
    const zipkin = (line: string, env = {}): unknown => (parse(line, env) as { zipkin?: unknown }).zipkin;
    assert.deepEqual(zipkin('start --zipkin http://localhost'), { host: '127.0.0.1', port: 9411 });
    assert.deepEqual(zipkin('start', { ZIPKIN_URL: 'http://zipkin:1' }), { host: 'zipkin', port: 1 });
    assert.deepEqual(zipkin('start --zipkin http://a:2', { ZIPKIN_URL: 'http://b:1' }), { host: 'a', port: 2 });
    assert.equal(zipkin('start', { ZIPKIN_URL: '' }), undefined);
  });
});

describe('weft demo set', () => {
  it('takes any of the switches', () => {
    assert.deepEqual(parse('set flaky=on split=7'), {
      verb: 'set',
      changes: { flaky: true, split: 7 },
      stateDir: STATE_DIR,
    });
  });
});

describe('weft demo measure', () => {
  it('counts 500 pages and 1000 requests if not told otherwise', () => {
    assert.deepEqual(parse('measure'), {
      verb: 'measure',
      pages: 500,
      requests: 1000,
      json: false,
      stateDir: STATE_DIR,
    });
    assert.deepEqual(parse('measure --pages 5 --json'), {
      verb: 'measure',
      pages: 5,
      requests: 1000,
      json: true,
      stateDir: STATE_DIR,
    });
  });
});

describe('help', () => {
  for (const line of ['', 'help', '--help', '-h', 'start --help'])
    it(`weft demo ${line}`, () => assert.deepEqual(parse(line), { verb: 'help' }));
});

describe('what is wrong is said in words', () => {
  const WRONG: readonly (readonly [string, readonly RegExp[]])[] = [
    ['begin', [/there is no "weft demo begin": there are start, set, status, stop, measure/]],
    ['start --flakey on', [/Unknown option '--flakey'; weft demo start takes --open /]],
    [
      'start --flaky maybe --split 101',
      [/--flaky=maybe: expected on or off/, /--split=101: expected a whole number from 0 to 100/],
    ],
    ['start --gateway-port 0', [/--gateway-port=0: expected a port from 1 to 65535/]],
    ['start --zipkin ftp://x', [/--zipkin=ftp:\/\/x: expected http:\/\/host:port/]],
    ['start now', [/Unexpected argument 'now'/]],
    ['set', [/say what to set: flaky, retries, split, canary/]],
    ['set flaky', [/flaky: expected NAME=VALUE/]],
    ['set flaky=on flaky=off', [/flaky is set twice/]],
    ['set split=5.5 retrys=on', [/split=5\.5/, /there is no switch "retrys"/]],
    ['measure --pages none', [/--pages=none: expected a whole number/]],
  ];
  for (const [line, expected] of WRONG)
    it(`weft demo ${line}`, () => {
      const command = parse(line);
      assert.equal(command.verb, 'wrong');
      const faults = command.verb === 'wrong' ? command.faults : [];
      assert.equal(faults.length, expected.length, faults.join('\n'));
      for (const [at, pattern] of expected.entries()) assert.match(faults[at] ?? '', pattern);
    });
});
