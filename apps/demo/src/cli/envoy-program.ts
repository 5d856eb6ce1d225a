import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** The program that `--envoy` names: a path, or a name that is on the path. What is wrong with it comes back in words. */
export function envoyProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly path: string } | { readonly fault: string } {
  if (name.includes('/')) {
    const path = resolve(name);
    const wrong = faultOf(path);
    return wrong === undefined ? { path } : { fault: `--envoy=${name}: ${wrong}` };
  }
  const places = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const path = places.map((folder) => join(folder, name)).find((place) => faultOf(place) === undefined);
  return path === undefined ? { fault: `--envoy=${name}: there is no such program on the path` } : { path };
}

function faultOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'there is no such file';
  if (!found.isFile()) return 'it is no file';
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return 'it may not be executed';
  }
}
