import { setTimeout as pause } from 'node:timers/promises';
import { replaceFile, type FileWriter } from './config/file-writer.ts';
import { proxyFiles, type Mesh, type ProxyFile } from './config/proxy-files.ts';
import { readStats } from './figures/collector.ts';
import { proxyProcess } from './processes/programs.ts';
import type { Child } from './processes/child.ts';
import type { Settings } from './settings.ts';
import { PROXIES } from './topology.ts';

const TAKEN_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 20;

export interface SettingsTargets {
  readonly mesh: Mesh;
  readonly writer: FileWriter;
  readonly videosSettings: string;
  /** videos-api, as it runs now. */
  readonly videosApi: () => Child | undefined;
}

/** The file from which videos-api takes its switches. Without one it goes by its environment, which has none. */
export function writeVideosSettings(path: string, { flaky }: Pick<Settings, 'flaky'>): void {
  replaceFile(path, `FLAKY=${flaky}\n`);
}

/**
 * Makes the running proxies and services follow the settings, and waits until they have them.
 * Gives back who took something new. Rejects when one refuses or does not look at its file.
 */
export async function applySettings(before: Settings, after: Settings, targets: SettingsTargets): Promise<string[]> {
  const { mesh, writer } = targets;
  const files = proxyFiles(mesh, after);
  const watched = files.filter(({ rds }) => rds !== undefined);
  const counts = new Map(
    await Promise.all(watched.map(async (file) => [file.path, await updates(file, mesh)] as const)),
  );
  const changed = writer.write(files);
  const flaky = before.flaky === after.flaky ? [] : ['videos-api'];
  await Promise.all([
    ...changed.map((file) => untilTaken(file, counts.get(file.path) ?? { taken: 0, refused: 0 }, mesh)),
    ...flaky.map(() => switchFlaky(after, targets)),
  ]);
  return [...changed.map(({ proxy }) => proxyProcess(proxy)), ...flaky];
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

interface Updates {
  readonly taken: number;
  readonly refused: number;
}

/** How often a proxy has taken and refused a route file. */
async function updates({ proxy, rds }: ProxyFile, { ports }: Mesh): Promise<Updates> {
  const admin = PROXIES.find(({ name }) => name === proxy)?.admin;
  if (admin === undefined || rds === undefined) return { taken: 0, refused: 0 };
  const { numbers } = await readStats(ports[admin]).catch((error: unknown) => {
    throw new Error(`${proxyProcess(proxy)} does not answer on its admin port ${ports[admin]}`, { cause: error });
  });
  const stat = (name: string): number => numbers.get(`http.${rds.statPrefix}.rds.${rds.name}.${name}`) ?? 0;
  return { taken: stat('update_success'), refused: stat('update_rejected') + stat('update_failure') };
}

async function untilTaken(file: ProxyFile, before: Updates, mesh: Mesh): Promise<void> {
  const deadline = performance.now() + TAKEN_WITHIN_MS;
  while (performance.now() < deadline) {
    const now = await updates(file, mesh);
    if (now.refused > before.refused)
      throw new Error(`${proxyProcess(file.proxy)} refused ${file.path}; its log says why`);
    if (now.taken > before.taken) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`${proxyProcess(file.proxy)} did not take ${file.path} within ${TAKEN_WITHIN_MS / 1000} s`);
}
