import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { WORKSPACE } from '@weft/testing-harness';

const WEFT = join(WORKSPACE, 'node_modules/.bin/weft');
const BROKEN = join(WORKSPACE, 'libs/api/envoy/src/testdata/broken');
const folder = mkdtempSync(join(tmpdir(), 'weft-validate-'));
after(() => rmSync(folder, { recursive: true }));

const validate = (file: string, ...flags: string[]) =>
  spawnSync(WEFT, ['proxy', '--mode', 'validate', '-c', file, ...flags], { encoding: 'utf8' });

function bootstrap(
  changes: { filters?: string; routes?: string; clusters?: string; listener?: string; more?: string } = {},
): string {
  const file = join(folder, `${Math.abs(hash(JSON.stringify(changes)))}.yaml`);
  writeFileSync(
    file,
    `static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    ${changes.listener ?? ''}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          ${changes.more ?? ''}
          route_config:
            virtual_hosts:
            - {name: v, domains: ["*"], routes: [${changes.routes ?? '{match: {prefix: /}, route: {cluster: c}}'}]}
          http_filters: [${changes.filters ?? '{name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}'}]
  clusters:
  - ${changes.clusters ?? '{name: c, type: STATIC, load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]}]}}'}
`,
  );
  return file;
}

function hash(text: string): number {
  let value = 0;
  for (const char of text) value = (value * 31 + char.charCodeAt(0)) | 0;
  return value;
}

describe('weft proxy --mode validate', () => {
  for (const name of globSync(['*.yaml', '*.json'], { cwd: BROKEN }).sort()) {
    it(`names every fault of ${name} with its place, and exits 1`, () => {
      const file = join(BROKEN, name);
      const { status, stdout, stderr } = validate(file);
      const expected = readFileSync(`${file}.faults`, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => `error: ${BROKEN}/${line}`);
      assert.equal(status, 1);
      assert.equal(stdout, '');
      const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
      // What the decoders find besides comes behind them, at other places.
      assert.deepEqual(errors.slice(0, expected.length), expected);
      assert.match(stderr, new RegExp(`configuration '${file}' refused: ${errors.length} faults?\n$`));
      const places = errors.slice(expected.length).map((line) => line.split(': ')[2]);
      for (const place of places) assert.ok(!expected.some((line) => line.split(': ')[2] === place), place);
    });
  }

  const meanings: [what: string, changes: Parameters<typeof bootstrap>[0], expected: RegExp][] = [
    ['a route to a cluster that does not exist', { routes: '{match: {prefix: /}, route: {cluster: cc}}' }, /routes to the cluster "cc", which does not exist; did you mean "c"\?/],
    ['a chain without the router at its end', { filters: '{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}}' }, /:16:\d+: .*http_filters\[0\]\.typed_config: the filter envoy\.extensions\.filters\.http\.fault\.v3\.HTTPFault is known to Envoy and not implemented by Weft yet/],
    ['a regular expression that is none', { routes: '{match: {safe_regex: {regex: "("}}, route: {cluster: c}}' }, /:15:\d+: .*safe_regex/],
    ['an address that is none', { clusters: '{name: c, type: STATIC, load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: example.com, port_value: 1}}}}]}]}}' }, /:18:\d+: static_resources\.clusters\[0\]\.load_assignment/],
  ]; // prettier-ignore
  for (const [what, changes, expected] of meanings) {
    it(`refuses ${what}, with the place`, () => {
      const { status, stderr } = validate(bootstrap(changes));
      assert.equal(status, 1);
      assert.match(stderr, expected);
    });
  }

  it('names at once what cannot be read, what breaks a rule and what makes no sense, and nothing that follows from them', () => {
    const { stderr } = validate(
      bootstrap({
        listener: 'nam: l',
        more: 'codec_type: NOPE',
        routes: '{match: {safe_regex: {regex: "("}}, rout: {cluster: c}}',
        filters:
          '{name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Routr}}',
        clusters: '{name: c, connect_timeout: -1s, lb_policy: MAGLEV, load_assignment: 7}',
      }),
    );
    const places = [...stderr.matchAll(/^error: \S+:\d+:\d+: (\S+): /gm)].map(([, path = '']) =>
      path.split('.').at(-1),
    );
    assert.deepEqual(places, [
      ...['nam', 'codec_type', 'rout', 'typed_config', 'load_assignment'],
      ...['connect_timeout', 'lb_policy', 'regex'],
    ]);
  });

  it('accepts what is right and says so', () => {
    const file = bootstrap();
    const { status, stdout, stderr } = validate(file);
    assert.deepEqual([status, stdout, stderr], [0, `configuration '${file}' OK\n`, '']);
  });

  it('warns by name of a field that Weft does not implement yet, and refuses it under --strict', () => {
    const file = bootstrap({ more: 'path_with_escaped_slashes_action: REJECT_REQUEST' });
    const lenient = validate(file);
    assert.equal(lenient.status, 0);
    assert.match(
      lenient.stderr,
      /^warning: .*:12:45: .*path_with_escaped_slashes_action: is known to Envoy and not implemented by Weft yet/,
    );
    const strict = validate(file, '--strict');
    assert.equal(strict.status, 1);
    assert.match(strict.stderr, /error \(--strict\): .*path_with_escaped_slashes_action/);
  });

  it('reads the YAML in place, over the file', () => {
    const { status, stdout } = validate(bootstrap(), '--config-yaml', 'node: {id: over}');
    assert.equal(status, 0);
    assert.match(stdout, /OK/);
  });

  it('names a file that is not there', () => {
    const { status, stderr } = validate('/nonexistent/envoy.yaml');
    assert.equal(status, 1);
    assert.match(stderr, /\/nonexistent\/envoy\.yaml: there is no such file/);
  });
});
