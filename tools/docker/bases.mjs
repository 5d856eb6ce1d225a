// The base images of docker/*.Dockerfile: `node tools/docker/bases.mjs`. Takes those that the engine has, pulls the others,
// and where no registry can be reached builds stand-ins under the very same names from Debian's packages and the
// workspace's own Node. A stand-in carries the label `weft.stand-in`; `docker rmi` it to get the real one later.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, weftNode } from '../setup/paths.mjs';
import { findProgram } from '../setup/system-packages.mjs';
import { ensureEngine, installPackages } from './engine.mjs';

const SUITE = 'bookworm';
const USER = (name, id) =>
  `groupadd --gid ${id} ${name} && useradd --uid ${id} --gid ${name} --no-create-home --shell /usr/sbin/nologin ${name}`;

/** What each stand-in holds: Debian packages, files from this machine, and the image's settings. */
const BASES = [
  {
    tag: 'node:24-bookworm-slim',
    packages: ['ca-certificates', 'libstdc++6', 'openssl'],
    files: [[weftNode, '/usr/local/bin']],
    setup: USER('node', 1000),
    settings: ['CMD ["node"]'],
  },
  {
    tag: 'redis:7-bookworm',
    packages: ['redis-server', 'redis-tools'],
    files: [],
    // The package has made the user; its service files and its configuration are not the image's.
    setup: 'rm -rf /etc/redis /etc/init.d/redis-server && mkdir -p /data && chown redis:redis /data',
    settings: ['WORKDIR /data', 'EXPOSE 6379', 'CMD ["redis-server", "--protected-mode", "no"]'],
  },
];

const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' });
const has = (tag) => docker('image', 'inspect', tag).status === 0;

/** The `deb` lines for SUITE that this machine's own apt uses; none on a machine of another release. */
function aptSources() {
  const format = '$(TRUSTED)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)';
  const run = spawnSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], { encoding: 'utf8' });
  const lines = (run.stdout ?? '').split('\n').map((line) => line.split('|'));
  const sources = lines.filter(([, , release = '']) => release === SUITE || release.startsWith(`${SUITE}-`));
  return [
    ...new Set(
      sources.map(([trusted, uri, release, component]) => {
        return `deb ${trusted === 'yes' ? '[trusted=yes] ' : ''}${uri} ${release} ${component}`;
      }),
    ),
  ];
}

/** Settings of this machine's apt on how to fetch (proxies and the like), as mmdebstrap takes them. */
function aptOptions() {
  const run = spawnSync('apt-config', ['dump'], { encoding: 'utf8' });
  const wanted = /^Acquire::(https?::(Proxy|Verify|CaInfo)|Check-)/i;
  return (run.stdout ?? '')
    .split('\n')
    .filter((line) => wanted.test(line))
    .map((line) => `--aptopt=${line}`);
}

function buildStandIn({ tag, packages, files, setup, settings }) {
  const folder = mkdtempSync(join(tmpdir(), 'weft-base-'));
  const archive = join(folder, 'rootfs.tar');
  try {
    const made = spawnSync(
      'mmdebstrap',
      [
        '--quiet',
        '--variant=minbase',
        `--include=${packages.join(',')}`,
        ...['doc', 'man', 'locale', 'info'].map((kind) => `--dpkgopt=path-exclude=/usr/share/${kind}/*`),
        ...aptOptions(),
        ...files.map(([from, to]) => `--customize-hook=copy-in "${from}" ${to}`),
        `--customize-hook=chroot "$1" sh -c '${setup}'`,
        '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/log/*.log "$1"/var/log/apt/*',
        SUITE,
        archive,
        ...aptSources(),
      ],
      { encoding: 'utf8' },
    );
    if (made.status !== 0) return (made.stderr ?? made.error?.message ?? '').trim().split('\n').slice(-3).join(' / ');
    const changes = [...settings, 'LABEL weft.stand-in=true'].flatMap((change) => ['--change', change]);
    const imported = docker('import', ...changes, archive, tag);
    return imported.status === 0 ? undefined : imported.stderr.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes sure that the engine has every base. Returns a line for each one that it still lacks. */
export function ensureBases(say) {
  const problems = [];
  for (const base of BASES.filter(({ tag }) => !has(tag))) {
    say(`pulling ${base.tag} …`);
    const pulled = docker('pull', '--quiet', base.tag);
    if (pulled.status === 0) continue;
    say(`no registry (${pulled.stderr.trim().split(': ').at(-1)}); building a stand-in for ${base.tag} …`);
    if (process.getuid?.() !== 0) {
      problems.push(`${base.tag}: cannot be pulled, and only root can build a stand-in`);
      continue;
    }
    let problem = findProgram('mmdebstrap') === undefined ? installPackages(['mmdebstrap'], say) : undefined;
    problem ??= buildStandIn(base);
    if (problem !== undefined) problems.push(`${base.tag}: ${problem}`);
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => process.stdout.write(`weft: ${line}\n`);
  process.chdir(root);
  const engine = await ensureEngine({ say });
  say(engine.line);
  const problems = engine.host === undefined ? ['no engine to build in'] : ensureBases(say);
  for (const problem of problems) say(problem);
  if (problems.length === 0) say(`bases ready: ${BASES.map(({ tag }) => tag).join(', ')}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
