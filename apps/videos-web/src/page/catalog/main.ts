import { showPlaylists } from './accordion.ts';
import { apiUrl } from './api-url.ts';
import { honestPage } from './honest-page.ts';
import { noAnswer, readAnswer, type CatalogResult } from './playlists.ts';

/** One call, never repeated. */
async function callCatalog(url: string): Promise<CatalogResult> {
  const began = performance.now();
  try {
    const response = await fetch(url, { cache: 'no-store' });
    return readAnswer(response.status, await response.text(), performance.now() - began);
  } catch (error) {
    return noAnswer(error);
  }
}

/** The page as it was at first: the list when it comes, and nothing at all otherwise. */
async function runClassic(accordion: HTMLElement, url: string): Promise<void> {
  const result = await callCatalog(url);
  // eslint-disable-next-line no-console -- the classic page has always shown its answer to whoever opens the console
  console.log(result);
  if (result.kind === 'loaded') showPlaylists(accordion, result.playlists);
}

function runHonest(accordion: HTMLElement, url: string): void {
  const page = honestPage(accordion, url, () => void load());
  async function load(): Promise<void> {
    page.loading();
    page.show(await callCatalog(url));
  }
  void load();
}

const accordion = document.querySelector<HTMLElement>('#accordion');
if (accordion !== null) {
  const url = apiUrl(location);
  const classic = new URLSearchParams(location.search).get('mode') === 'classic';
  document.documentElement.dataset['mode'] = classic ? 'classic' : 'honest';
  if (classic) void runClassic(accordion, url);
  else runHonest(accordion, url);
}
