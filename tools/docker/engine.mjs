// A Docker engine for this machine: `node tools/docker/engine.mjs start|stop|status [--install]`.
// `start` uses the engine that answers, else starts one of its own where it can; one line says which, or why not.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../setup/system-packages.mjs';

const SOCKET = '/var/run/docker.sock';
const STATE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'weft/engine');
const PID_FILE = join(STATE, 'dockerd.pid');
const LOG = join(STATE, 'dockerd.log');
const START_LIMIT_MS = 60_000;
const PACKAGES = ['docker.io', 'iptables'];

/** The programs the engine needs beside itself, from the system's package manager. Returns a line when it cannot. */
export function installPackages(names, say) {
  if (findProgram('apt-get') === undefined) return `install ${names.join(' ')} with the system's package manager`;
  if (process.getuid?.() !== 0) return `run: sudo apt-get install ${names.join(' ')}`;
  say(`installing ${names.join(', ')} (apt-get), once …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, encoding: 'utf8' });
  apt('update');
  const run = apt('install', '-y', '--no-install-recommends', ...names);
  if (run.status === 0) return undefined;
  return `apt-get install ${names.join(' ')} failed: ${(run.stderr ?? '').trim().split('\n').at(-1)}`;
}

/** Whether an engine answers `GET /_ping` at `host` (unix://PATH or tcp://HOST:PORT). */
function answers(host) {
  const { promise, resolve } = Promise.withResolvers?.() ?? deferred();
  const url = new URL(host);
  const peer =
    url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: Number(url.port || 2375) };
  const ping = request({ ...peer, path: '/_ping', timeout: 2000 }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  ping.on('timeout', () => ping.destroy());
  ping.on('error', () => resolve(false));
  ping.end();
  return promise;
}

// Node 20, which may run this file before the workspace's own Node is there, has no Promise.withResolvers.
function deferred() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}

/** The address of a reachable engine: `$DOCKER_HOST`'s when that is set (and no other), else the usual socket's. */
export async function findEngine() {
  const named = process.env.DOCKER_HOST;
  if (named !== undefined && named !== '') {
    if (!/^(unix|tcp|http):/.test(named)) return named;
    return (await answers(named)) ? named : undefined;
  }
  return (await answers(`unix://${SOCKET}`)) ? `unix://${SOCKET}` : undefined;
}

/** The process id of the engine that this tool started, if it still runs. */
function ownPid() {
  try {
    const pid = Number(readFileSync(PID_FILE, 'utf8').trim());
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(PID_FILE) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function spawnEngine(dockerd, storageDriver) {
  mkdirSync(STATE, { recursive: true });
  const log = openSync(LOG, 'w');
  const flags = [
    `--host=unix://${SOCKET}`,
    `--pidfile=${PID_FILE}`,
    `--data-root=${join(STATE, 'data')}`,
    `--exec-root=${join(STATE, 'exec')}`,
    `--storage-driver=${storageDriver}`,
  ];
  const child = spawn(dockerd, flags, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  return child;
}

async function started(dockerd, storageDriver) {
  rmSync(PID_FILE, { force: true });
  const child = spawnEngine(dockerd, storageDriver);
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    if (await answers(`unix://${SOCKET}`)) return true;
    await delay(200);
  }
  if (child.exitCode === null) child.kill('SIGTERM');
  return false;
}

function lastComplaint() {
  if (!existsSync(LOG)) return 'it wrote no log';
  const lines = readFileSync(LOG, 'utf8').trim().split('\n');
  return lines.findLast((line) => /level=(fatal|error)|failed/i.test(line)) ?? lines.at(-1);
}

/**
 * Makes sure that an engine answers. Returns `{ host, started, line }`, or `{ line }` alone when there is none and none
 * could be started: `line` says what was done or why not. `install` allows the system's package manager to bring one.
 */
export async function ensureEngine({ install = process.env.CI === 'true', say = () => undefined } = {}) {
  const host = await findEngine();
  if (host !== undefined) return { host, started: false, line: `using the Docker engine at ${host}` };
  if (process.env.DOCKER_HOST) return { line: `no Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}` };
  if (process.platform !== 'linux') return { line: 'no Docker engine answers; start Docker and try again' };
  if (process.getuid?.() !== 0) return { line: `no Docker engine answers at ${SOCKET}, and only root can start one` };
  if (findProgram('dockerd') === undefined) {
    const hint = 'no Docker engine answers and dockerd is not installed';
    if (!install) return { line: `${hint}; run: node tools/docker/engine.mjs start --install` };
    const problem = installPackages(PACKAGES, say);
    if (problem !== undefined) return { line: `${hint}; ${problem}` };
    // The package may have started the engine as a service of the system.
    if (await answers(`unix://${SOCKET}`)) {
      return { host: `unix://${SOCKET}`, started: false, line: `using the Docker engine at unix://${SOCKET}` };
    }
  }
  const dockerd = findProgram('dockerd');
  for (const driver of ['overlay2', 'vfs']) {
    if (await started(dockerd, driver)) {
      const end = 'node tools/docker/engine.mjs stop ends it';
      const line = `started a Docker engine (${driver}, pid ${ownPid()}, data in ${STATE}); ${end}`;
      return { host: `unix://${SOCKET}`, started: true, line };
    }
  }
  return { line: `dockerd does not start: ${lastComplaint()}` };
}

/** Stops the engine that this tool started, and waits until it has ended. Returns whether there was one. */
export async function stopEngine() {
  const pid = ownPid();
  if (pid === undefined) return false;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 30_000;
  while (ownPid() !== undefined && Date.now() < deadline) await delay(100);
  return true;
}

async function main([command = 'status', ...flags]) {
  const say = (line) => process.stdout.write(`weft: ${line}\n`);
  if (command === 'start') {
    const engine = await ensureEngine({ install: flags.includes('--install') || process.env.CI === 'true', say });
    say(engine.line);
    return engine.host === undefined ? 1 : 0;
  }
  if (command === 'stop') {
    say((await stopEngine()) ? 'the Docker engine has stopped' : 'no Docker engine of ours is running');
    return 0;
  }
  const host = await findEngine();
  const owner = ownPid() === undefined ? '' : `, started by this tool (pid ${ownPid()})`;
  say(host === undefined ? 'no Docker engine answers' : `a Docker engine answers at ${host}${owner}`);
  return host === undefined ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
