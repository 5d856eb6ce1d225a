import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagsWithoutEffect, parseProxyOptions, proxyHelp } from './options.ts';

const options = (...args: string[]) => {
  const parsed = parseProxyOptions(args);
  assert.equal(parsed.kind, 'options');
  return parsed.kind === 'options' ? parsed.options : assert.fail();
};
const faults = (...args: string[]) => {
  const parsed = parseProxyOptions(args);
  return parsed.kind === 'faults' ? parsed.faults : assert.fail('no faults');
};

describe('the flags of weft proxy', () => {
  it("are Envoy's, with its defaults", () => {
    const read = options(
      '-c',
      'a.yaml',
      '-l',
      'warn',
      '--service-cluster',
      'front',
      '--drain-time-s=5',
      '--concurrency',
      '2',
    );
    assert.deepEqual(
      [read.configPath, read.logLevel, read.serviceCluster, read.drainTimeS, read.concurrency, read.mode],
      ['a.yaml', 'warning', 'front', 5, 2, 'serve'],
    );
    assert.equal(options('--config-yaml', '{}', '--mode', 'init_only').mode, 'init_only');
  });

  it('name the nearest flag for one that does not exist', () => {
    assert.deepEqual(faults('-c', 'a', '--concurency', '2'), [
      'there is no flag --concurency; did you mean --concurrency?',
    ]);
  });

  it('tell every bad value at once', () => {
    assert.deepEqual(faults('--mode', 'run', '--base-id', 'x'), [
      'no configuration: give -c FILE or --config-yaml YAML',
      '--mode run is not one of serve, validate, init_only',
      '--base-id x is not a whole number',
    ]);
  });

  it('that have no effect here are taken, each with why', () => {
    const args = ['-c', 'a', '--allow-unknown-static-fields', '--stats-tag', 'a:b', '--log-format=%v'];
    assert.equal(options(...args).configPath, 'a');
    assert.deepEqual(
      flagsWithoutEffect(args)
        .map((line) => line.split(':')[0])
        .toSorted(),
      ['--log-format', '--allow-unknown-static-fields', '--stats-tag']
        .map((flag) => `${flag} has no effect`)
        .toSorted(),
    );
  });

  it('are all in the help', () => {
    assert.equal(parseProxyOptions(['--help']).kind, 'help');
    for (const flag of ['--config-path', '--mode', '--concurrency', '--strict']) assert.ok(proxyHelp().includes(flag));
  });

  it('are refused when they are given twice, or do not go together', () => {
    assert.deepEqual(faults('-c', 'a', '-c', 'b'), ['--config-path is given twice']);
    assert.deepEqual(faults('-c', 'a', '--use-dynamic-base-id', '--restart-epoch', '1'), [
      '--restart-epoch needs the base id of the parent: it does not go with --use-dynamic-base-id',
    ]);
    assert.deepEqual(faults('-c', 'a', '--socket-mode', '9'), ['--socket-mode 9 is no file mode, such as 600']);
    assert.equal(options('-c', 'a', '--socket-mode', '640').socketMode, 0o640);
    assert.equal(options('-c', 'a', '--stats-tag', 'a:b', '--stats-tag', 'c:d').configPath, 'a');
  });

  it('name one worker at least', () => {
    assert.equal(options('-c', 'a').concurrency, 1);
    assert.equal(options('-c', 'a', '--concurrency', '0').concurrency, 1);
  });

  it('name the nearest component for one that does not exist', () => {
    assert.deepEqual(faults('-c', 'a', '--component-log-level', 'htp:debug'), [
      '--component-log-level: there is no component "htp"; did you mean "http"?',
    ]);
  });

  it('take component levels', () => {
    assert.equal(
      options('-c', 'a', '--component-log-level', 'http:debug,upstream:trace').componentLogLevels.get('upstream'),
      'trace',
    );
    assert.deepEqual(faults('-c', 'a', '--component-log-level', 'http'), [
      '--component-log-level http is not COMPONENT:LEVEL',
    ]);
  });
});
