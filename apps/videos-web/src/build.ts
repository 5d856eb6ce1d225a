import { buildPages, VERSIONS } from './build-pages.ts';

const outcome = await buildPages();
process.stdout.write(`videos-web: ${VERSIONS.join(' and ')} ${outcome === 'built' ? 'built' : 'up to date'}\n`);
