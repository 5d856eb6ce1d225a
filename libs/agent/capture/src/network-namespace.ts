import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineLock, type NetworkLock } from './network-lock.ts';
import { hasEnded, ownMark, parseMark } from '@weft/core-runtime';
import { inNamespace, mustRun, runCommand, type RunCommand } from './run-command.ts';

/** What namespaces are made with, and where they are noted. */
export interface NetworkSystem {
  readonly run: RunCommand;
  /** Held by whoever makes namespaces or takes them away: the bridge is everybody's. */
  readonly lock: NetworkLock;
  /** Has a folder for each namespace, whose files are shown inside as those of /etc. */
  readonly etc: string;
  /** Has a file for each namespace that says whose it is. */
  readonly owners: string;
}

export const MACHINE: NetworkSystem = Object.freeze({
  run: runCommand,
  lock: machineLock(),
  etc: '/etc/netns',
  owners: '/run/weft-networks',
});

/** A network of its own for one workload, joined to those of the others by a bridge. */
export interface NetworkNamespace {
  readonly name: string;
  /** Where others reach it. */
  readonly address: string;
  /** Runs commands inside. */
  readonly run: RunCommand;
}

const BRIDGE = 'weft0';
const PREFIX = 'weft-';
/** 10.94.0.1 is the machine itself, 10.94.x.y the namespace with the number 256x + y. */
const NETWORK = '10.94';
const FIRST = 2;
const LAST = 65_000;
/** Addresses for names that only the sidecar knows. Source: Istio gives out the same range. */
const VIRTUAL = '240.240';
const FORWARD = ['FORWARD', '-i', BRIDGE, '-o', BRIDGE, '-m', 'comment', '--comment', 'weft/bridge', '-j', 'ACCEPT'];

/**
 * Makes a namespace with the first free number, which is this process's. `hosts` are names that the program calls: each gets an
 * address that leads to the sidecar, which goes by the name. Rejects with what the system said; what was made until then is
 * undone.
 */
export function createNamespace(system: NetworkSystem, hosts: readonly string[]): Promise<NetworkNamespace> {
  return system.lock.exclusively(() => create(system, hosts));
}

/** Takes a namespace away, and the bridge with the last. Where nothing is, nothing happens. */
export function removeNamespace(system: NetworkSystem, name: string): Promise<void> {
  return system.lock.exclusively(() => remove(system, name));
}

/** Takes away the namespaces whose `weft run` was killed, and in which nothing runs any more; their names. */
export function removeAbandonedNamespaces(system: NetworkSystem): Promise<readonly string[]> {
  return system.lock.exclusively(() => {
    const names = namespaces(system.run).filter((name) => isAbandoned(system, name));
    for (const name of names) remove(system, name);
    return names;
  });
}

function create(system: NetworkSystem, hosts: readonly string[]): NetworkNamespace {
  const { run } = system;
  openBridge(run);
  const number = takeNumber(run);
  const name = `${PREFIX}${number}`;
  const inside = inNamespace(name, run);
  const address = `${NETWORK}.${number >> 8}.${number & 255}`;
  const link = `weft${number}`;
  const ip = (text: string): string => mustRun(run, 'ip', text.split(' '));
  try {
    mkdirSync(system.owners, { recursive: true, mode: 0o700 });
    writeFileSync(ownerFile(system, name), `${JSON.stringify(ownMark())}\n`, { mode: 0o600 });
    ip(`link add ${link} type veth peer name eth0 address ${hardwareAddress(number)} netns ${name}`);
    ip(`link set ${link} master ${BRIDGE} up`);
    for (const text of [
      'link set lo up',
      `addr add ${address}/16 dev eth0`,
      'link set eth0 up',
      `route add default via ${NETWORK}.0.1`,
    ])
      mustRun(inside, 'ip', text.split(' '));
    writeHosts(join(system.etc, name), hosts);
  } catch (error) {
    remove(system, name);
    throw error;
  }
  return { name, address, run: inside };
}

/**
 * The same for the same number, whoever has it: the machine and the neighbours remember it for the address, and would send to the
 * one before for some ten seconds.
 */
function hardwareAddress(number: number): string {
  const hex = (octet: number): string => octet.toString(16).padStart(2, '0');
  return `02:94:00:00:${hex(number >> 8)}:${hex(number & 255)}`;
}

function remove(system: NetworkSystem, name: string): void {
  const { run, etc } = system;
  // Its end of the link, its addresses and its rules go with it.
  run('ip', ['netns', 'del', name]);
  rmSync(join(etc, name), { recursive: true, force: true });
  rmSync(ownerFile(system, name), { force: true });
  if (namespaces(run).length > 0) return;
  run('iptables', ['-w', '30', '-D', ...FORWARD]);
  run('ip', ['link', 'del', BRIDGE]);
}

/** Its run may live and have nothing inside yet; and a program may go on without its run. */
function isAbandoned(system: NetworkSystem, name: string): boolean {
  const { run } = system;
  if (run('ip', ['netns', 'pids', name]).out.trim() !== '') return false;
  const file = ownerFile(system, name);
  const owner = existsSync(file) ? parseMark(readFileSync(file, 'utf8')) : undefined;
  return owner === undefined || hasEnded(owner);
}

function ownerFile({ owners }: NetworkSystem, name: string): string {
  return join(owners, `${name}.json`);
}

function namespaces(run: RunCommand): readonly string[] {
  const { out } = run('ip', ['netns', 'list']);
  return out.split('\n').flatMap((line) => new RegExp(`^${PREFIX}\\d+`).exec(line)?.[0] ?? []);
}

/** Adding fails where the name is taken, so that two runs never get the same. */
function takeNumber(run: RunCommand): number {
  const taken = new Set(namespaces(run));
  for (let number = FIRST; number < LAST; number += 1)
    if (!taken.has(`${PREFIX}${number}`) && run('ip', ['netns', 'add', `${PREFIX}${number}`]).code === 0) return number;
    else if (!namespaces(run).includes(`${PREFIX}${number}`))
      throw new Error('a network namespace cannot be made: it takes root, and a kernel that allows it');
  throw new Error('no network namespace is free');
}

function openBridge(run: RunCommand): void {
  if (run('ip', ['link', 'show', BRIDGE]).code !== 0) {
    const made = run('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
    // Another run may have been first.
    if (made.code !== 0 && run('ip', ['link', 'show', BRIDGE]).code !== 0)
      throw new Error(`the bridge ${BRIDGE} cannot be made: ${made.err.trim()}`);
  }
  run('ip', ['addr', 'add', `${NETWORK}.0.1/16`, 'dev', BRIDGE]);
  mustRun(run, 'ip', ['link', 'set', BRIDGE, 'up']);
  if (!bridgesAreFiltered() || run('iptables', ['-w', '30', '-C', ...FORWARD]).code === 0) return;
  run('iptables', ['-w', '30', '-I', ...FORWARD]);
}

/** Where containers run, what crosses a bridge goes through the chain FORWARD, which often drops it. */
function bridgesAreFiltered(): boolean {
  const path = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '1';
}

/** `ip netns exec` shows this file as /etc/hosts. */
function writeHosts(folder: string, hosts: readonly string[]): void {
  const lines = [...new Set(hosts)].map((host, at) => `${VIRTUAL}.${(at + 1) >> 8}.${(at + 1) & 255} ${host}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n::1 localhost\n${lines.join('\n')}\n`);
}
