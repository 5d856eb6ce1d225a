// The one door to the workspace's commands: `node tools/setup/run.mjs demo|test|lint|typecheck|layers|bench|scale|fuzz|conformance [args]`.
// Brings the dependencies up to date first, then runs the command on the workspace's own Node. Runs on any Node from 20 on.
import { spawn } from 'node:child_process';
import { root, weftNode } from './paths.mjs';
import { installDependencies } from './dependencies.mjs';

const COMMANDS = {
  demo: ['apps/cli/src/main.ts', 'demo', 'start'],
  test: ['tools/setup/test.mjs'],
  lint: ['tools/setup/lint.mjs'],
  typecheck: ['tools/setup/typecheck.mjs'],
  layers: ['tools/check-layers.mjs'],
  bench: ['tools/bench/main.ts'],
  scale: ['tools/scale/main.ts'],
  fuzz: ['tools/fuzz/main.ts'],
  conformance: ['tools/conformance/main.ts'],
  images: ['tools/docker/build.mjs'],
};

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  process.stderr.write(`run.mjs: no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}.\n`);
  process.exit(2);
}
await installDependencies();
const child = spawn(
  weftNode,
  ['--conditions=@weft/source', '--disable-warning=ExperimentalWarning', ...command, ...args],
  { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}` } },
);
// A kill of this process alone does not reach the child. Ctrl-C does, since the terminal signals the whole group: the child
// then gets it more than once (npm passes it on as well), which it has to bear.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + (signal === 'SIGINT' ? 2 : 15)));
