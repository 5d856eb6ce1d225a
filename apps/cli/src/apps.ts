import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The verbs that are apps of their own, and the folder each app lies in. */
export const APPS: Readonly<Record<string, { readonly folder: string; readonly summary: string }>> = {
  proxy: { folder: 'proxy', summary: 'run a proxy from an Envoy bootstrap' },
  'control-plane': {
    folder: 'control-plane',
    summary: 'steer the proxies of a mesh described by a folder of documents',
  },
  run: { folder: 'workload', summary: 'start a program as a workload of the mesh, with a sidecar' },
  capture: { folder: 'capture', summary: "redirect this network's traffic to a sidecar: apply, verify, clean" },
  demo: { folder: 'demo', summary: 'run the video catalog on this machine, or switch it: weft demo set flaky=on' },
};

/**
 * Becomes the app: its main module runs in this process, with the arguments behind the verb. Apps do not import each other,
 * so the module is found by its place in the workspace.
 */
export async function becomeApp(verb: string, args: readonly string[]): Promise<void> {
  const app = APPS[verb];
  if (app === undefined) throw new Error(`${verb} is no app`);
  const main = fileURLToPath(new URL(`../../${app.folder}/src/main.ts`, import.meta.url));
  if (!existsSync(main)) throw new Error(`${main} is missing: is this a whole checkout of Weft?`);
  process.argv = [process.argv[0] as string, main, ...args];
  await import(`${pathToFileURL(main).href}?verb`);
}
