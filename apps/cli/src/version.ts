import { readFileSync } from 'node:fs';

/** `weft 0.1.0 (node 24.21.0)`. */
export function versionText(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return `weft ${manifest.version} (node ${process.versions.node})`;
}
