// What `weft proxy --mode validate` says of broken and of good configurations.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runWeft, type Validation } from '@weft/testing-harness';

const scratch = mkdtempSync(join(tmpdir(), 'weft-validate-'));
after(() => rmSync(scratch, { recursive: true }));

const TYPES = 'type.googleapis.com/envoy.extensions.filters';
const GOOD = `static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": ${TYPES}.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - {match: {prefix: "/"}, route: {cluster: service1}}
          http_filters:
          - name: router
            typed_config: {"@type": ${TYPES}.http.router.v3.Router}
  clusters:
  - name: service1
    type: STATIC
    load_assignment: {cluster_name: service1}
`;
const HCM = 'static_resources.listeners[0].filter_chains[0].filters[0].typed_config';
const HOST = `${HCM}.route_config.virtual_hosts[0]`;

let count = 0;
function write(text: string, ending = 'yaml'): string {
  const file = join(scratch, `${(count += 1)}.${ending}`);
  writeFileSync(file, text);
  return file;
}
const validate = (file: string, ...more: string[]): Promise<Validation> =>
  runWeft(['--mode', 'validate', '-c', file, ...more]);

/** The good one with some of its text replaced. */
function broken(...changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  }, GOOD);
}

interface Broken {
  readonly title: string;
  readonly text: string;
  readonly ending?: string;
  /** Line, path and words of each fault. */
  readonly faults: readonly (readonly [line: number, path: string, words: RegExp])[];
}

const SOCKET = 'static_resources.listeners[0].address.socket_address';
const BROKEN: readonly Broken[] = [
  {
    title: 'an unknown field, with the field that is meant',
    text: broken(['port_value: 0', 'port: 80']),
    faults: [[4, `${SOCKET}.port`, /unknown field.*did you mean "?port_value"?\?/]],
  },
  {
    title: 'an unknown type, with the type that is meant',
    text: broken(['router.v3.Router', 'router.v3.Rooter']),
    faults: [[19, `${HCM}.http_filters[0].typed_config`, /unknown type.*did you mean ".*\.v3\.Router"\?/]],
  },
  {
    title: 'an unknown value of an enumeration, with the value that is meant',
    text: broken(['type: STATIC', 'type: STATICS']),
    faults: [[22, 'static_resources.clusters[0].type', /unknown value "STATICS".*did you mean "STATIC"\?/]],
  },
  {
    title: 'a duration without its unit, and a number that is none',
    text: broken(['cluster: service1}', 'cluster: service1, timeout: 5}'], ['port_value: 0', 'port_value: eighty']),
    faults: [
      [4, `${SOCKET}.port_value`, /"eighty"/],
      [16, `${HOST}.routes[0].route.timeout`, /5 is not a duration/],
    ],
  },
  {
    title: 'values that the API’s own rules refuse',
    text: broken(['port_value: 0', 'port_value: 70000'], ['stat_prefix: in', 'stat_prefix: ""']),
    faults: [
      [4, `${SOCKET}.port_value`, /70000 is out of range \(expected at most 65535\)/],
      [10, `${HCM}.stat_prefix`, /is empty/],
    ],
  },
  {
    title: 'a route to a cluster that does not exist, with the one that is meant',
    text: broken(['cluster: service1}', 'cluster: servce1}']),
    faults: [
      [
        16,
        `${HCM}.route_config.virtual_hosts[0].routes[0].route.cluster`,
        /there is no cluster "servce1"; did you mean "service1"\?/,
      ],
    ],
  },
  {
    title: 'a route without an action and a match without a path',
    text: broken(['{match: {prefix: "/"}, route: {cluster: service1}}', '{match: {}}']),
    faults: [
      [16, `${HOST}.routes[0]`, /has no action/],
      [16, `${HOST}.routes[0].match`, /has no path_specifier/],
    ],
  },
  {
    title: 'a regular expression that RE2 does not take',
    text: broken(['prefix: "/"', 'safe_regex: {regex: "(?=a)"}']),
    faults: [[16, `${HOST}.routes[0].match.safe_regex.regex`, /is not a regular expression of RE2/]],
  },
  {
    title: 'two things of one name',
    text: `${GOOD}  - {name: service1, type: STATIC, load_assignment: {cluster_name: x}}\n`,
    faults: [[24, 'static_resources.clusters[1].name', /two clusters named "service1"/]],
  },
  {
    title: 'text that is no YAML',
    text: broken(['domains: ["*"]', 'domains: ["*"']),
    faults: [[15, '', /./]],
  },
  {
    title: 'JSON that ends too early',
    text: '{"static_resources": {\n  "clusters": [',
    ending: 'json',
    faults: [[2, '', /./]],
  },
  {
    title: 'a filter that ends the chain and is not the router',
    text: broken([
      'http_filters:\n          - name: router\n            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}',
      'http_filters: []',
    ]),
    faults: [[17, `${HCM}.http_filters`, /is empty/]],
  },
];

for (const { title, text, ending = 'yaml', faults } of BROKEN) {
  test(`it refuses, with line and path: ${title}`, async () => {
    const file = write(text, ending);
    const { code, out, err } = await validate(file);
    assert.equal(code, 1, err);
    assert.equal(out, '');
    const lines = err
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('error: '));
    assert.equal(lines.length, faults.length, err);
    for (const [line, path, words] of faults) {
      const place = `error: ${file}:${line}:`;
      assert.ok(
        lines.some((each) => each.startsWith(place) && each.includes(` ${path}`) && words.test(each)),
        `${place} ${path} ${words}\n${err}`,
      );
    }
    assert.match(err, new RegExp(`refused: ${faults.length} faults?\n$`));
  });
}

test('a good configuration is OK, and nothing else is said', async () => {
  const file = write(GOOD);
  assert.deepEqual(await validate(file), { code: 0, out: `configuration '${file}' OK\n`, err: '' });
  assert.equal((await validate(file, '--strict')).code, 0);
});

test('the same in JSON is OK', async () => {
  const file = write('{"admin": {"address": {"socketAddress": {"address": "::1", "portValue": 0}}}}', 'json');
  assert.deepEqual(await validate(file), { code: 0, out: `configuration '${file}' OK\n`, err: '' });
});

test('YAML in place is merged over the file', async () => {
  const { code, err } = await validate(write(GOOD), '--config-yaml', 'admin: {address: {socket_address: {}}}');
  assert.equal(code, 1);
  assert.match(err, /admin\.address\.socket_address\.address/);
});

test('what is not implemented yet warns by name, and is refused under --strict', async () => {
  const file = write(`${GOOD}    outlier_detection: {consecutive_5xx: 3}\nflags_path: /nowhere\n`);
  const lenient = await validate(file);
  assert.equal(lenient.code, 0, lenient.err);
  assert.match(lenient.err, /^warning: .*:25:\d+: flags_path: .*not implemented/m);
  assert.match(lenient.err, /^warning: .*:24:\d+: static_resources\.clusters\[0\]\.outlier_detection/m);
  const strict = await validate(file, '--strict');
  assert.equal(strict.code, 1);
  assert.match(strict.err, /^error \(--strict\): .*flags_path/m);
});

test('a file that is not there, a flag that is not known and a flag that is none are told apart', async () => {
  const absent = await validate(join(scratch, 'absent.yaml'));
  assert.deepEqual([absent.code, /there is no such file/.test(absent.err)], [1, true]);
  const flag = await runWeft(['--config-pth', 'x']);
  assert.deepEqual([flag.code, /did you mean --config-path\?/.test(flag.err)], [1, true]);
  assert.equal((await runWeft(['--mode', 'validat', '-c', 'x'])).code, 1);
  assert.equal((await runWeft(['--version'])).code, 0);
});

test('what Envoy takes and Weft cannot serve yet is OK with a note, and refused by a proxy', async () => {
  const bridge = `          - {name: bridge, typed_config: {"@type": ${TYPES}.http.grpc_http1_bridge.v3.Config}}\n`;
  const file = write(GOOD.replace('          http_filters:\n', (line) => line + bridge));
  const judged = await runWeft(['-c', file, '--mode', 'validate']);
  assert.equal(judged.code, 0);
  assert.match(
    judged.err,
    /^warning: .*grpc_http1_bridge\.v3\.Config is known to Envoy and not implemented by Weft yet/m,
  );
  assert.match(judged.err, /^note: this is valid, and Weft cannot serve it yet: it lacks 1 of the parts/m);
  const strict = await runWeft(['-c', file, '--mode', 'validate', '--strict']);
  assert.equal(strict.code, 1);
  const served = await runWeft(['-c', file]);
  assert.equal(served.code, 1);
  assert.match(
    served.err,
    /^error: .*grpc_http1_bridge\.v3\.Config is known to Envoy and not implemented by Weft yet/m,
  );
});
