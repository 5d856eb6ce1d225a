import { join } from 'node:path';
import { readSite, type Site } from './server/site.ts';
import { siteServer } from './server/site-server.ts';

const { env } = process;
const host = env['HOST'] || '0.0.0.0';
const port = Number(env['PORT'] || '80');
const version = env['VERSION'] || '1';
const folder = join(env['WEB_ROOT'] || join(import.meta.dirname, '../dist'), `v${version}`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function builtSite(): Site | undefined {
  try {
    return readSite(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`no built page of version ${version} (${reason}): run \`npm run build -w apps/videos-web\`\n`);
    return undefined;
  }
}

const site = builtSite();
if (site === undefined) {
  process.exitCode = 1;
} else {
  const server = siteServer({ site, version, log: print, now: () => new Date() });
  server.once('error', (error) => {
    process.stderr.write(`cannot listen on ${host}:${port}: ${error.message}\n`);
    process.exitCode = 1;
  });
  server.listen(port, host, () => print(`videos-web version ${version} on ${host}:${port}`));
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => server.close());
}
