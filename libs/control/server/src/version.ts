import { readFileSync } from 'node:fs';

/** The release of the control plane, which is the workspace's. Bundles carry it in place of the manifest. */
declare const WEFT_VERSION: string | undefined;

export function controlPlaneVersion(): string {
  if (typeof WEFT_VERSION === 'string') return WEFT_VERSION;
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
