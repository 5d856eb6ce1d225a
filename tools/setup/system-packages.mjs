import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that test suites use, and the Debian packages that bring them. */
export const SYSTEM_PROGRAMS = {
  'redis-server': 'redis-server',
  chromium: 'chromium',
  promtool: 'prometheus',
  nginx: 'nginx-light',
  wrk: 'wrk',
  h2load: 'nghttp2-client',
  haproxy: 'haproxy',
  iperf3: 'iperf3',
  openssl: 'openssl',
  // Zipkin is a Java program that Maven brings, our control plane in Java is compiled; Envoy comes from PyPI into a virtual environment; kustomize is built by Go.
  java: 'openjdk-17-jre-headless',
  javac: 'openjdk-17-jdk-headless',
  mvn: 'maven',
  python3: 'python3-venv',
  go: 'golang-go',
};

/** The program's place on the path (or in the sbin folders), or undefined. */
export function findProgram(name) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/**
 * Makes sure that `names` are installed, by the system's package manager where they are not. Returns what is still
 * missing, each with one line that says why and what to do.
 */
export function ensurePrograms(names, say = () => undefined) {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map((name) => SYSTEM_PROGRAMS[name] ?? name))];
  const hint = `install ${packages.join(', ')} with the system's package manager`;
  if (findProgram('apt-get') === undefined) return missing.map((name) => `${name} is not installed; ${hint}`);
  if (process.getuid?.() !== 0)
    return missing.map((name) => `${name} is not installed; run: sudo apt-get install ${packages.join(' ')}`);
  say(`installing ${packages.join(', ')} (apt-get), once …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { env, encoding: 'utf8' });
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  // Daemons that a package would start on installing are not wanted: the suites start their own, on ports of their own.
  env.RUNLEVEL = '1';
  apt('update');
  const run = apt(...install);
  return missing
    .filter((name) => findProgram(name) === undefined)
    .map(
      (name) =>
        `${name} could not be installed: ${(run.stderr || 'apt-get failed').trim().split('\n').at(-1)}; ${hint}`,
    );
}
