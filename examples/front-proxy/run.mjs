// The example as local processes: npx node examples/front-proxy/run.mjs [--port 8000] [--admin-port 8001] [--service1 3]
// The two configurations stay as they are but for addresses: every instance has one of the loopback's own, 127.18.0.N
// (Linux has all of 127.0.0.0/8), so that ports and paths look as in containers and nothing needs root.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8000' },
    'admin-port': { type: 'string', default: '8001' },
    service1: { type: 'string', default: '1' },
    'service-port': { type: 'string', default: '10080' },
    envoy: { type: 'string' },
  },
});
const servicePort = Number(values['service-port']);
const scratch = mkdtempSync(join(tmpdir(), 'weft-front-proxy-'));
const children = [];

/** Starts a process, and resolves when it says that it is ready. */
function start(command, args, env, ready) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk) => {
      text = (text + chunk).slice(-10_000);
      if (ready.test(text)) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${text}`)));
  });
}

function proxy(name, config) {
  const file = join(scratch, `${name}.yaml`);
  writeFileSync(file, config);
  const ready = /starting main dispatch loop/;
  const flags = ['-c', file, '--service-cluster', name];
  if (values.envoy !== undefined)
    return start(values.envoy, [...flags, '--use-dynamic-base-id', '--concurrency', '1'], {}, ready);
  const main = [
    '--conditions=@weft/source',
    '--disable-warning=ExperimentalWarning',
    join(here, '../../apps/proxy/src/main.ts'),
  ];
  return start(process.execPath, [...main, ...flags], {}, ready);
}

/** A service and its own proxy, at an address of their own. */
async function instance(service, address) {
  const appPort = servicePort + 1;
  const env = {
    SERVICE_NAME: service,
    HOST: address,
    PORT: String(appPort),
    ADDRESS: address,
    INSTANCE: randomBytes(6).toString('hex'),
    NEXT_HOP: `http://127.0.0.1:${values.port}`,
  };
  await start(process.execPath, [join(here, 'service/service.mjs')], env, /service \d/);
  const config = readFileSync(join(here, 'service-envoy.yaml'), 'utf8')
    .replaceAll('0.0.0.0', address)
    .replaceAll('127.0.0.1', address)
    .replaceAll(/port_value: 80$/gm, `port_value: ${servicePort}`)
    .replaceAll('port_value: 8080', `port_value: ${appPort}`)
    .replaceAll('port_value: 8081', `port_value: ${servicePort + 2}`);
  await proxy(`service${service}-${address}`, config);
  return address;
}

/** The endpoint of a name becomes one for each instance: what DNS says in a network of containers. */
function withInstances(config, name, addresses) {
  const endpoint = (address, port) =>
    `        - endpoint:\n            address:\n              socket_address:\n                address: ${address}\n                port_value: ${port}\n`;
  return config.replace(endpoint(name, 80), addresses.map((address) => endpoint(address, servicePort)).join(''));
}

async function main() {
  const ones = Array.from({ length: Number(values.service1) }, (_, i) => `127.18.0.${i === 0 ? 3 : i + 4}`);
  await Promise.all([...ones.map((address) => instance('1', address)), instance('2', '127.18.0.4')]);
  let config = readFileSync(join(here, 'front-envoy.yaml'), 'utf8')
    .replaceAll('0.0.0.0', '127.0.0.1')
    .replace('port_value: 80\n', `port_value: ${values.port}\n`)
    .replace('port_value: 8001', `port_value: ${values['admin-port']}`);
  config = withInstances(withInstances(config, 'service1', ones), 'service2', ['127.18.0.4']);
  await proxy('front-proxy', config);
  process.stdout.write(
    `ready: http://127.0.0.1:${values.port}/service/1 (admin http://127.0.0.1:${values['admin-port']})\n`,
  );
}

function stop(code) {
  for (const child of children) child.removeAllListeners('exit').kill('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop(0));
main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  stop(1);
});
