// The images of the demo: `npm run images`. Engine, base images, bundles, then one `docker build` for each image; what
// has not changed is quick. `docker-compose build` does the last step too.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, weftNode } from '../setup/paths.mjs';
import { ensureBases } from './bases.mjs';
import { ensureEngine } from './engine.mjs';

export const IMAGES = [
  { tag: 'weft/proxy:0.1.0', project: 'proxy', file: 'docker/proxy.Dockerfile' },
  { tag: 'weft/playlists-api:1.0.0', project: 'playlists-api', file: 'docker/api.Dockerfile' },
  { tag: 'weft/videos-api:1.0.0', project: 'videos-api', file: 'docker/api.Dockerfile' },
  { tag: 'weft/videos-web:1.0.0', project: 'videos-web', file: 'docker/web.Dockerfile', args: ['VERSION=1'] },
  { tag: 'weft/videos-web:2.0.0', project: 'videos-web', file: 'docker/web.Dockerfile', args: ['VERSION=2'] },
  {
    tag: 'weft/example-origin:1.0.0',
    context: 'examples/traffic-split/origin',
    file: 'examples/traffic-split/origin/Dockerfile',
  },
  // On top of weft/proxy: after it.
  {
    tag: 'weft/example-service:1.0.0',
    context: 'examples/front-proxy/service',
    file: 'examples/front-proxy/service/Dockerfile',
  },
];

/** Runs a command in the workspace; returns the end of what it said when it fails. */
function run(command, args) {
  const env = {
    ...process.env,
    DOCKER_BUILDKIT: process.env.DOCKER_BUILDKIT ?? '0',
    NX_DAEMON: 'false',
    NX_NO_CLOUD: 'true',
    NX_TUI: 'false',
  };
  const done = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status === 0) return undefined;
  return `${done.error?.message ?? ''}${done.stdout ?? ''}${done.stderr ?? ''}`
    .trim()
    .split('\n')
    .slice(-30)
    .join('\n');
}

function bundle() {
  const place = ['node_modules/nx/dist/bin/nx.js', 'node_modules/nx/bin/nx.js'].find((file) =>
    existsSync(join(root, file)),
  );
  const projects = [...new Set(IMAGES.flatMap(({ project = [] }) => project))].join(',');
  return run(weftNode, [place, 'run-many', '-t', 'build', `--projects=${projects}`, '--outputStyle=static']);
}

/** Builds every image. Returns what went wrong, or undefined. */
export function buildImages(say) {
  const missing = ensureBases(say);
  if (missing.length > 0) return missing.join('\n');
  say('bundling …');
  const unbundled = bundle();
  if (unbundled !== undefined) return unbundled;
  for (const { tag, project, context = `apps/${project}`, file, args = [] } of IMAGES) {
    const flags = args.flatMap((arg) => ['--build-arg', arg]);
    const failed = run('docker', ['build', '-q', '-t', tag, '-f', file, ...flags, context]);
    if (failed !== undefined) return `${tag}: ${failed}`;
    say(`built ${tag}`);
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => process.stdout.write(`weft: ${line}\n`);
  const engine = await ensureEngine({ say });
  say(engine.line);
  const problem = engine.host === undefined ? 'no engine to build in' : buildImages(say);
  if (problem !== undefined) say(problem);
  process.exitCode = problem === undefined ? 0 : 1;
}
