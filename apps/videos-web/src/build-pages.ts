import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The versions of the page; each is a folder of src/page and of dist. */
export const VERSIONS = ['v1', 'v2'] as const;

const APP = join(import.meta.dirname, '..');
const SOURCES = join(APP, 'src/page');

/**
 * Builds the pages into `<outDir>/v1` and `<outDir>/v2`, unless they were built from these very sources before: then it
 * only reads the sources (about 10 ms). `outDir` is apps/videos-web/dist if not given.
 */
export async function buildPages(outDir: string = join(APP, 'dist')): Promise<'built' | 'fresh'> {
  const stampFile = join(outDir, '.stamp');
  const stamp = sourcesStamp();
  if (readOrEmpty(stampFile) === stamp) return 'fresh';
  mkdirSync(outDir, { recursive: true });
  // Built aside and moved: a server that starts meanwhile never reads half a page.
  const scratch = join(outDir, `.building-${process.pid}`);
  try {
    for (const version of VERSIONS) await buildPage(version, join(scratch, version));
    for (const version of VERSIONS) {
      rmSync(join(outDir, version), { recursive: true, force: true });
      renameSync(join(scratch, version), join(outDir, version));
    }
    writeFileSync(stampFile, stamp);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return 'built';
}

async function buildPage(version: string, outDir: string): Promise<void> {
  // Loaded only when there is something to build: that is what makes the other case quick.
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: join(SOURCES, version),
    // Relative addresses: the page works at / and at /home/ alike.
    base: './',
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
}

/** Everything that the result depends on: the sources, this file, and the version of the bundler. */
function sourcesStamp(): string {
  const hash = createHash('sha256');
  const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of [...files, import.meta.filename]) {
    hash.update(file.slice(APP.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  const vite = createRequire(import.meta.url).resolve('vite/package.json');
  return hash.update(String((JSON.parse(readFileSync(vite, 'utf8')) as { version: string }).version)).digest('hex');
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
