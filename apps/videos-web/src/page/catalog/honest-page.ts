import { showPlaylists } from './accordion.ts';
import { element } from './element.ts';
import type { CatalogResult } from './playlists.ts';

/** The page that says what is going on: a heading, a status line, placeholders while loading, a panel on failure. */
export interface HonestPage {
  loading(): void;
  show(result: CatalogResult): void;
}

const PLACEHOLDERS = [3, 2];

/** @param reload called when the reader asks for another try. */
export function honestPage(accordion: HTMLElement, apiUrl: string, reload: () => void): HonestPage {
  const status = element('p', { class: 'status', role: 'status' });
  const refresh = element('button', { type: 'button', class: 'btn btn-quiet refresh' }, 'Refresh');
  refresh.addEventListener('click', reload);
  const notice = element('div', { id: 'notice' });
  accordion.before(heading(status, refresh), notice);
  const say = (state: string, text: string): void => {
    status.dataset['state'] = state;
    status.textContent = text;
    refresh.disabled = state === 'loading';
  };
  return {
    loading() {
      say('loading', 'Loading the playlists…');
      notice.replaceChildren();
      accordion.setAttribute('aria-busy', 'true');
      accordion.replaceChildren(...PLACEHOLDERS.map(placeholder));
    },
    show(result) {
      accordion.removeAttribute('aria-busy');
      if (result.kind === 'failed') {
        say('failed', 'Not loaded');
        accordion.replaceChildren();
        notice.replaceChildren(failurePanel(result.summary, result.detail, { apiUrl, reload }));
        return;
      }
      const videos = result.playlists.reduce((sum, list) => sum + list.videos.length, 0);
      const what = `${result.playlists.length} playlists, ${videos} videos`;
      say('loaded', `${what} in ${Math.round(result.tookMs)} ms`);
      showPlaylists(accordion, result.playlists);
      if (result.playlists.length === 0) notice.replaceChildren(emptyPanel());
    },
  };
}

function heading(status: HTMLElement, refresh: HTMLElement): HTMLElement {
  return element(
    'header',
    { class: 'heading' },
    element(
      'div',
      {},
      element('h1', {}, 'Video Catalog'),
      element('p', { class: 'lead' }, 'Short talks on building, shipping and scaling on Kubernetes.'),
    ),
    element('div', { class: 'heading-side' }, status, refresh),
  );
}

/** Grey shapes where the playlists will be, so that nothing jumps when they come. */
function placeholder(cards: number): HTMLElement {
  const row = element('div', { class: 'row' });
  for (let left = cards; left > 0; left -= 1) {
    const lines = [element('div', { class: 'bone bone-title' }), element('div', { class: 'bone bone-button' })];
    const body = element('div', { class: 'card-body' }, ...lines);
    row.append(element('div', { class: 'placeholder-card' }, element('div', { class: 'picture bone' }), body));
  }
  const header = element('div', { class: 'placeholder-header' }, element('div', { class: 'bone bone-name' }));
  return element('div', { class: 'placeholder', 'aria-hidden': 'true' }, header, row);
}

interface FailureContext {
  readonly apiUrl: string;
  readonly reload: () => void;
}

function failurePanel(summary: string, detail: string, { apiUrl, reload }: FailureContext): HTMLElement {
  const again = element('button', { type: 'button', class: 'btn btn-primary' }, 'Try again');
  again.addEventListener('click', reload);
  return element(
    'section',
    { class: 'panel panel-failed', role: 'alert' },
    element('h2', {}, 'The catalog could not be loaded'),
    element('p', {}, summary),
    element(
      'dl',
      {},
      element('dt', {}, 'Called'),
      element('dd', {}, element('code', {}, `GET ${apiUrl}`)),
      element('dt', {}, 'Got'),
      element('dd', {}, element('code', {}, detail === '' ? 'an empty body' : detail)),
    ),
    element(
      'p',
      { class: 'hint' },
      'The page makes one call and never repeats it by itself: healing is the mesh’s work.',
    ),
    again,
  );
}

function emptyPanel(): HTMLElement {
  return element(
    'section',
    { class: 'panel panel-empty' },
    element('h2', {}, 'There are no playlists'),
    element('p', {}, 'playlists-api answered, with an empty list. That is what it does when its Redis has no data.'),
  );
}
