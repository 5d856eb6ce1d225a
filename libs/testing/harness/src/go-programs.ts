import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WORKSPACE } from './processes.ts';
import { digestOfFolder, firstLineOf, inCache } from './program-cache.ts';

const run = promisify(execFile);

/**
 * Programs that judge ours: each pinned by a go.mod of its own in tools/conformance/go. A `main` of `.` is our own source, on
 * the libraries of others.
 */
const PROGRAMS = {
  h2spec: { module: 'h2spec', main: 'github.com/summerwind/h2spec/cmd/h2spec' },
  'grpc-interop-client': { module: 'grpc-interop', main: 'google.golang.org/grpc/interop/client' },
  'grpc-interop-server': { module: 'grpc-interop', main: 'google.golang.org/grpc/interop/server' },
  'control-plane': { module: 'control-plane', main: '.' },
  'grpc-peer': { module: 'grpc-peer', main: '.' },
} as const;

export type GoProgram = keyof typeof PROGRAMS;

const building = new Map<GoProgram, Promise<{ readonly binary: string } | { readonly reason: string }>>();

/** A Go program, built into the workspace's cache (once, half a minute at most), or a line that says why there is none. */
export function findGoProgram(name: GoProgram): Promise<{ readonly binary: string } | { readonly reason: string }> {
  let found = building.get(name);
  if (found === undefined) building.set(name, (found = build(name)));
  return found;
}

async function build(name: GoProgram): Promise<{ readonly binary: string } | { readonly reason: string }> {
  const { module, main } = PROGRAMS[name];
  const cwd = join(WORKSPACE, 'tools/conformance/go', module);
  // What others wrote changes with its pin only; ours whenever we do.
  const suffix = main === '.' ? `-${digestOfFolder(cwd)}` : '';
  // An older Go fetches the one that go.mod asks for.
  const env = { ...process.env, GOTOOLCHAIN: 'auto', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
  try {
    const binary = await inCache(join(WORKSPACE, '.cache/go', `${name}${suffix}`), async (draft) => {
      const built = join(draft, name);
      await run('go', ['build', '-o', built, main], { cwd, env });
      return built;
    });
    return { binary };
  } catch (error) {
    return { reason: `${name} cannot be built with Go: ${firstLineOf(error)}` };
  }
}
