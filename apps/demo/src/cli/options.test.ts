import assert from 'node:assert/strict';
import { dirname } from 'node:path';
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

describe('weft demo start by npm start', () => {
  const kept = { npm_config_gateway_port: '8099', npm_config_open: 'true' };

  it('says what npm has kept for itself', () => {
    assert.deepEqual(parse('start', { npm_lifecycle_event: 'start', ...kept }), {
      verb: 'wrong',
      faults: ['npm kept --open --gateway-port 8099 for itself: write npm start -- --open --gateway-port 8099'],
    });
  });

  it('does not look at what other scripts were given', () => {
    assert.equal(parse('start', { npm_lifecycle_event: 'bench', ...kept }).verb, 'start');
    assert.equal(parse('set flaky=on', { npm_lifecycle_event: 'start', ...kept }).verb, 'set');
  });
});

describe('weft demo start --envoy', () => {
  const envoy = (line: string, env = {}): unknown => (parse(line, env) as { envoy?: unknown }).envoy;

  it('takes a path, or a name that is on the path', () => {
    assert.equal(envoy(`start --envoy ${process.execPath}`), process.execPath);
    assert.equal(envoy('start --envoy node', { PATH: `/no/where:${dirname(process.execPath)}` }), process.execPath);
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
    ['strat', [/there is no "weft demo strat"; did you mean "start"\? There are start, set,/]],
    ['start --flakey on', [/there is no option --flakey; did you mean --flaky\?$/, /weft demo start takes --open /]],
    ['start --frobnicate', [/there is no option --frobnicate$/, /weft demo start takes --open /]],
    ['start --split', [/--split <value>/, /weft demo start takes --open /]],
    ['start --envoy /no/envoy', [/--envoy=\/no\/envoy: there is no such file/, /docs\/demo.md/]],
    ['start --envoy /tmp', [/--envoy=\/tmp: it is no file/, /docs\/demo.md/]],
    ['start --envoy no-such-envoy', [/there is no such program on the path/, /docs\/demo.md/]],
    [
      'start --flaky maybe --split 101',
      [/--flaky=maybe: expected on or off/, /--split=101: expected a whole number from 0 to 100/],
    ],
    ['start --gateway-port 0', [/--gateway-port=0: expected a port from 1 to 65535/]],
    ['start --zipkin ftp://x', [/--zipkin=ftp:\/\/x: expected http:\/\/host:port/]],
    ['start now', [/Unexpected argument 'now'/, /weft demo start takes /]],
    ['set', [/say what to set: flaky, retries, split, canary/]],
    ['set flaky', [/flaky: expected NAME=VALUE/]],
    ['set flaky=on flaky=off', [/flaky is set twice/]],
    ['set split=5.5 retrys=on', [/split=5\.5/, /there is no switch "retrys"; did you mean "retries"\?/]],
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
