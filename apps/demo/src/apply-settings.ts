import { setTimeout as pause } from 'node:timers/promises';
import { replaceFile, type FileWriter } from './mesh/file-writer.ts';
import type { MeshDocument } from './mesh/document.ts';
import { meshDocuments, type MeshFacts } from './mesh/mesh-documents.ts';
import type { Child } from './processes/child.ts';
import { proxyProcess } from './processes/programs.ts';
import type { Ports } from './ports.ts';
import type { Settings } from './settings.ts';
import { PROXIES, type ProxyName } from './topology.ts';

const TAKEN_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 20;

export interface SettingsTargets {
  readonly facts: MeshFacts;
  readonly ports: Ports;
  readonly writer: FileWriter;
  readonly videosSettings: string;
  /** videos-api, as it runs now. */
  readonly videosApi: () => Child | undefined;
}

export interface Changed {
  /** Who took something new. */
  readonly who: readonly string[];
  readonly documents: readonly string[];
}

/** The file from which videos-api takes its switches. Without one it goes by its environment, which has none. */
export function writeVideosSettings(path: string, { flaky }: Pick<Settings, 'flaky'>): void {
  replaceFile(path, `FLAKY=${flaky}\n`);
}

/**
 * Makes the mesh and the services follow the settings: writes the documents, and waits until the proxies route by them.
 * Rejects when one does not within ten seconds.
 */
export async function applySettings(before: Settings, after: Settings, targets: SettingsTargets): Promise<Changed> {
  const documents = meshDocuments(targets.facts, after);
  const files = targets.writer.write(documents);
  const changed = documents.filter(({ file, routes }) => routes !== undefined && files.includes(file));
  const flaky = before.flaky === after.flaky ? [] : ['videos-api'];
  await Promise.all([
    ...changed.map((document) => untilRouted(document, targets.ports)),
    ...flaky.map(() => switchFlaky(after, targets)),
  ]);
  const proxies = changed.flatMap(({ routes }) => (routes === undefined ? [] : shownName(routes.proxy)));
  return { who: [...proxies, ...flaky], documents: files };
}

function shownName(proxy: ProxyName): string {
  return proxy === 'gateway' ? proxy : proxyProcess(proxy);
}

async function switchFlaky(after: Settings, { videosApi, videosSettings }: SettingsTargets): Promise<void> {
  const child = videosApi();
  const seen =
    child?.alive === true
      ? child.waitFor(/^.*settings: .*$/m, { withinMs: TAKEN_WITHIN_MS, fromNow: true })
      : undefined;
  writeVideosSettings(videosSettings, after);
  await seen;
}

/** Until the proxy has the routes of a document, and none of the documents that were in its place. */
async function untilRouted({ file, routes, switch: setting }: MeshDocument, ports: Ports): Promise<void> {
  if (routes === undefined) return;
  const { proxy, names } = routes;
  const port = ports[PROXIES.find(({ name }) => name === proxy)?.admin ?? 'gatewayAdmin'];
  const rivals = setting === 'retries' ? /^(?:ten|no)-retries$/ : /^(?:version-1|split-\d+|canary|others)$/;
  const deadline = performance.now() + TAKEN_WITHIN_MS;
  while (performance.now() < deadline) {
    const found = new Set((await routeNames(port)).filter((name) => rivals.test(name)));
    if (names.every((name) => found.has(name)) && found.size === names.length) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(
    `${shownName(proxy)} did not take ${file} within ${TAKEN_WITHIN_MS / 1000} s; the logs of the control plane and of the proxy say why`,
  );
}

/** The names of all routes that a proxy has. */
async function routeNames(adminPort: number): Promise<string[]> {
  const url = `http://127.0.0.1:${adminPort}/config_dump?resource=dynamic_route_configs`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return namesIn((await response.json()) as RouteDump);
  } catch {
    return [];
  }
}

/** The parts of Envoy's RoutesConfigDump that are looked at. */
interface RouteDump {
  readonly configs?: readonly {
    readonly route_config?: {
      readonly virtual_hosts?: readonly { readonly routes?: readonly { readonly name?: string }[] }[];
    };
  }[];
}

function namesIn({ configs = [] }: RouteDump): string[] {
  return configs.flatMap(({ route_config: config }) =>
    (config?.virtual_hosts ?? []).flatMap(({ routes = [] }) => routes.flatMap(({ name }) => name ?? [])),
  );
}
