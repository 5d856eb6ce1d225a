import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { inNamespace, mustRun, type RunCommand } from './run-command.ts';

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
 * Makes a namespace with the first free number. `hosts` are names that the program calls: each gets an address that leads to
 * the sidecar, which goes by the name. Throws an Error with what the system said; what was made until then is undone.
 */
export function createNamespace(run: RunCommand, hosts: readonly string[]): NetworkNamespace {
  openBridge(run);
  const number = takeNumber(run);
  const name = `${PREFIX}${number}`;
  const inside = inNamespace(name, run);
  const address = `${NETWORK}.${number >> 8}.${number & 255}`;
  const link = `weft${number}`;
  const ip = (text: string): string => mustRun(run, 'ip', text.split(' '));
  try {
    ip(`link add ${link} type veth peer name eth0 netns ${name}`);
    ip(`link set ${link} master ${BRIDGE} up`);
    for (const text of [
      'link set lo up',
      `addr add ${address}/16 dev eth0`,
      'link set eth0 up',
      `route add default via ${NETWORK}.0.1`,
    ])
      mustRun(inside, 'ip', text.split(' '));
    writeHosts(name, hosts);
  } catch (error) {
    removeNamespace(run, name);
    throw error;
  }
  return { name, address, run: inside };
}

/** Takes a namespace away, and the bridge with the last. Where nothing is, nothing happens. */
export function removeNamespace(run: RunCommand, name: string): void {
  // Its end of the link, its addresses and its rules go with it.
  run('ip', ['netns', 'del', name]);
  rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
  if (namespaces(run).length > 0) return;
  run('iptables', ['-w', '30', '-D', ...FORWARD]);
  run('ip', ['link', 'del', BRIDGE]);
}

/** Our namespaces without any process inside: their `weft run` was killed. */
export function abandonedNamespaces(run: RunCommand): readonly string[] {
  return namespaces(run).filter((name) => run('ip', ['netns', 'pids', name]).out.trim() === '');
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
function writeHosts(name: string, hosts: readonly string[]): void {
  const lines = [...new Set(hosts)].map((host, at) => `${VIRTUAL}.${(at + 1) >> 8}.${(at + 1) & 255} ${host}`);
  mkdirSync(`/etc/netns/${name}`, { recursive: true });
  writeFileSync(`/etc/netns/${name}/hosts`, `127.0.0.1 localhost\n::1 localhost\n${lines.join('\n')}\n`);
}
