import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRunOptions, type RunOptions } from './run-options.ts';

function parse(line: string): RunOptions {
  const parsed = parseRunOptions(line.split(' '));
  assert.equal(parsed.kind, 'options', JSON.stringify(parsed));
  return (parsed as { options: RunOptions }).options;
}

function faults(line: string): string {
  const parsed = parseRunOptions(line.split(' ').filter((word) => word !== ''));
  assert.equal(parsed.kind, 'faults');
  return (parsed as { faults: readonly string[] }).faults.join('\n');
}

test('a name, a place and a command are enough', () => {
  const options = parse('--name web --config-dir /mesh -- node server.js --port 1');
  assert.deepEqual(options.command, ['node', 'server.js', '--port', '1']);
  assert.equal(options.service, 'web');
  assert.equal(options.serviceAccount, 'web');
  assert.equal(options.port, undefined);
  assert.deepEqual(options.probe, { kind: 'none' });
  assert.deepEqual(options.labels, { app: 'web' });
  assert.equal(options.controlPlane.stateDir, '/mesh/.weft-state');
  assert.equal(options.drainMs, 5000);
});

test('every flag is read', () => {
  const options = parse(
    '--name web-1 --service web --namespace videos --service-account sa --port 80:8080 --protocol HTTP ' +
      '--labels app=web,version=v2 --upstream videos-api:10010=15500 --upstream redis.db:6379=0 --probe http:/health ' +
      '--control-plane cp.test:15012 --registry https://cp.test:8080 --root-cert r.pem --token-file t --address 10.0.0.7 ' +
      '--drain-time 0.5 --grace-time 2 --envoy /bin/envoy --delta --verbose --metrics http:9102/metrics?a=b --concurrency 2 ' +
      '--sidecar-log-level warning,http:debug,upstream:trace --listener-drain-time 7 --control-plane-name cp.test -- x',
  );
  assert.deepEqual(options.port, { service: 80, app: 8080 });
  assert.deepEqual(options.labels, { app: 'web', version: 'v2' });
  assert.deepEqual(options.upstreams, [
    { host: 'videos-api', port: 10_010, localPort: 15_500 },
    { host: 'redis.db', port: 6379, localPort: 0 },
  ]);
  assert.deepEqual(options.probe, { kind: 'http', path: '/health' });
  assert.equal(options.controlPlane.secure, 'cp.test:15012');
  assert.equal(options.drainMs, 500);
  assert.deepEqual(options.metrics, { port: 9102, path: '/metrics?a=b' });
  assert.deepEqual(options.logLevel, { level: 'warning', components: 'http:debug,upstream:trace' });
  assert.deepEqual([options.concurrency, options.listenerDrainSeconds], [2, 7]);
  assert.equal(options.controlPlane.serverName, 'cp.test');
  assert.ok(options.delta && options.verbose && !options.capture);
});

test('the identity is that of the service unless a flag names another: replicas have the same', () => {
  const account = (flags: string): string => parse(`--config-dir m ${flags}`).serviceAccount;
  assert.equal(account('--name web-2 --service web -- x'), 'web');
  assert.equal(account('--name web-2 --service web.shop.svc.cluster.local -- x'), 'web');
  assert.equal(account('--name web --group shop -- x'), 'default', 'a group says whose it is, or means default');
  assert.equal(account('--name edge --gateway'), 'edge');
  assert.equal(account('--name web --service-account default -- x'), 'default');
});

test('a protocol is one that the mesh knows', () => {
  for (const word of ['HTTP', 'http', 'grpc-web', 'TCP', 'kubernetes.io/h2c'])
    assert.equal(parse(`--name a --config-dir m --port 1 --protocol ${word} -- x`).protocol, word);
  const told = (word: string): string => faults(`--name a --config-dir m --port 1 --protocol ${word} -- x`);
  assert.equal(told('HTP'), '--protocol HTP: unknown protocol; did you mean HTTP?');
  assert.match(told('carrier-pigeon'), /^--protocol carrier-pigeon: expected one of HTTP, HTTPS, /);
});

test('all faults of a line are told at once', () => {
  const told = faults(
    '--name Web --namespace a_b --port 99999 --upstream nonsense --labels x --probe ping --drain-time -1 --address here ' +
      '--metrics http:/metrics --concurrency 0 --sidecar-log-level loud -- x',
  );
  for (const part of [
    /"Web" is no name of a workload/,
    /"a_b" is no namespace/,
    /--port 99999: expected a port/,
    /--upstream nonsense: expected HOST:PORT=LOCALPORT/,
    /--labels x: "x" is no KEY=VALUE/,
    /--probe ping: expected tcp, none, or http/,
    /--address here is no IP/,
    /--metrics http:\/metrics: expected http:PORT\/PATH/,
    /--concurrency 0: expected 1 to 1024/,
    /--sidecar-log-level loud: "loud" is none of trace/,
    /where is the control plane\? Give --config-dir, or else --control-plane, --root-cert, --token-file/,
  ])
    assert.match(told, part);
  assert.match(faults('--name web --config-dir d'), /there is no command/);
  assert.match(faults('--name web --gateway --config-dir d -- x'), /--gateway runs a proxy alone/);
  assert.match(faults('--name web --gateway --port 80 --config-dir d'), /--port says nothing of a --gateway/);
  assert.match(faults('--name web --confg-dir d -- x'), /there is no flag --confg-dir; did you mean --config-dir\?/);
  assert.doesNotMatch(faults('--nam web -- x'), /"web" is no flag/);
  assert.match(faults('--config-dir -- x'), /--config-dir needs a value: DIR/);
  assert.match(faults('web -- x'), /"web" is no flag/);
});

test('a token crosses no network in the clear, unless its user insists', () => {
  const elsewhere = '--name web --control-plane cp.test:15012 --root-cert r.pem --token-file t';
  for (const url of ['http://cp.test:8080', 'http://10.0.0.7:8080', 'http://127.0.0.1.test', 'http://[fe80::1]:8080'])
    assert.match(faults(`${elsewhere} --registry ${url} -- x`), /token would cross the network in the clear/);
  for (const url of ['http://127.0.0.1:8080', 'http://[::1]:8080', 'http://localhost:8080', 'https://cp.test'])
    assert.equal(parse(`${elsewhere} --registry ${url} -- x`).controlPlane.registry, url);
  assert.ok(parse(`${elsewhere} --registry http://cp.test --insecure-registry -- x`).controlPlane.insecureRegistry);
  assert.match(faults(`${elsewhere} --registry cp.test:8080 -- x`), /expected http:\/\/HOST:PORT/);
  assert.match(faults(`${elsewhere} --registry https://cp.test --capture -- x`), /--capture passes plain HTTP/);
});

test('a control plane elsewhere needs no address beside its own, and a token no command', () => {
  const options = parse('--name web --control-plane cp.test:15012 --root-cert r.pem --token-file t -- x');
  assert.equal(options.controlPlane.registry, undefined);
  const issuing = parseRunOptions('--name web --config-dir d --issue-token'.split(' '));
  assert.equal(issuing.kind === 'options' && issuing.options.issueToken, true);
  assert.match(faults('--name web --config-dir d --issue-token -- x'), /--issue-token prints a token/);
});

test('a gateway needs no command', () => {
  const parsed = parseRunOptions('--name edge --gateway --labels app=edge --config-dir d'.split(' '));
  const options = parsed.kind === 'options' ? parsed.options : undefined;
  assert.deepEqual([options?.gateway, options?.command, options?.labels], [true, [], { app: 'edge' }]);
});

test('help names every flag', () => {
  const parsed = parseRunOptions(['--help']);
  assert.equal(parsed.kind, 'help');
  assert.match(parsed.kind === 'help' ? parsed.text : '', /--upstream HOST:PORT=LOCAL[\s\S]*--drain-time SECONDS/);
});

test('one of a WorkloadGroup says nothing that the group says', () => {
  const read = (line: string) => {
    const parsed = parseRunOptions(line.split(' '));
    assert.ok(parsed.kind === 'options', JSON.stringify(parsed));
    return parsed.options;
  };
  const { group, service, labels } = read('--config-dir d --name web-1 --group web --port 80 -- x');
  assert.deepEqual([group, service, labels], ['web', '', {}]);
  const own = read('--config-dir d --name web-1 --group web --service shop --labels a=b -- x');
  assert.deepEqual([own.service, own.labels], ['shop', { a: 'b' }]);
});
