// The example as local processes: npx node examples/front-proxy/run.mjs (--help tells the flags)
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
const USAGE = `Usage: npx node examples/front-proxy/run.mjs [flags]

  --port N          the front proxy (default 8000)
  --admin-port N    its admin page (default 8001)
  --service1 N      how many instances of service 1 (default 1, at most 200)
  --service-port N  the first of three ports that every instance takes on its own address (default 10080)
  --envoy FILE      run this Envoy in place of weft proxy
`;
const values = readFlags();
const servicePort = Number(values['service-port']);
const scratch = mkdtempSync(join(tmpdir(), 'weft-front-proxy-'));
const children = [];
/** The first failure ends all of them, and what they say about that is no news. */
let stopping = false;

function readFlags() {
  const refuse = (why) => {
    process.stderr.write(`run.mjs: ${why}\n${USAGE}`);
    process.exit(2);
  };
  let flags;
  try {
    flags = parseArgs({
      options: {
        port: { type: 'string', default: '8000' },
        'admin-port': { type: 'string', default: '8001' },
        service1: { type: 'string', default: '1' },
        'service-port': { type: 'string', default: '10080' },
        envoy: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error.message);
  }
  if (flags.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  for (const [name, most] of Object.entries({ port: 65535, 'admin-port': 65535, service1: 200, 'service-port': 65533 }))
    if (!/^[1-9]\d*$/.test(flags[name]) || Number(flags[name]) > most)
      refuse(`--${name} ${flags[name]} is not a whole number from 1 to ${most}`);
  return flags;
}

/** What a process said about its end: its errors where it names them so, else all but warnings and what went well. */
function failureOf(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /\[(error|critical)\]|^error|Error:/.test(line));
  if (errors.length > 0) return errors.join('\n');
  return lines.filter((line) => !/\[(warning|info)\]/.test(line)).join('\n');
}

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
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${failureOf(text)}`)));
  });
}

function proxy(name, config) {
  const file = join(scratch, `${name}.yaml`);
  writeFileSync(file, config);
  const ready = /starting main dispatch loop/;
  const flags = ['-c', file, '--service-cluster', name, '--use-dynamic-base-id'];
  if (values.envoy !== undefined) return start(values.envoy, [...flags, '--concurrency', '1'], {}, ready);
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
  const front = `http://127.0.0.1:${values.port}`;
  process.stdout.write(
    `ready: ${front}/service/1 and ${front}/service/2 (admin http://127.0.0.1:${values['admin-port']})\nCtrl-C ends all of it.\n`,
  );
}

function stop(code) {
  stopping = true;
  for (const child of children) child.removeAllListeners('exit').kill('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop(0));
main().catch((error) => {
  if (stopping) return;
  process.stderr.write(`${error.message}\n`);
  stop(1);
});
