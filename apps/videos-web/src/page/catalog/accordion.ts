import { element } from './element.ts';
import type { Playlist } from './playlists.ts';
import { videoCard } from './video-card.ts';

/** Replaces the list. All playlists start open. */
export function showPlaylists(accordion: HTMLElement, playlists: readonly Playlist[]): void {
  accordion.replaceChildren(...playlists.map((playlist) => playlistCard(accordion, playlist)));
}

function playlistCard(accordion: HTMLElement, { id, name, videos }: Playlist): HTMLElement {
  const count = videos.length === 1 ? '1 video' : `${videos.length} videos`;
  const button = element(
    'button',
    { type: 'button', class: 'btn btn-link', 'aria-expanded': 'true', 'aria-controls': `collapse${id}` },
    element('span', { class: 'playlist-name' }, name),
    element('span', { class: 'playlist-count' }, count),
    element('span', { class: 'chevron', 'aria-hidden': 'true' }),
  );
  const row = element('div', { class: 'row' }, ...videos.map(videoCard));
  if (videos.length === 0) row.append(element('p', { class: 'no-videos' }, 'No videos came with this playlist.'));
  const panel = element(
    'div',
    { id: `collapse${id}`, class: 'collapse show', 'data-parent': '#accordion' },
    element('div', { class: 'collapse-body' }, row),
  );
  button.addEventListener('click', () => toggle(accordion, panel));
  const header = element('div', { class: 'card-header' }, element('h2', { class: 'mb-0' }, button));
  return element('section', { class: 'card playlist', id }, header, panel);
}

/** One opened from closed closes its open neighbours: that is what the accordion's `data-parent` has always meant. */
function toggle(accordion: HTMLElement, panel: HTMLElement): void {
  const open = !panel.classList.contains('show');
  if (open) for (const other of accordion.querySelectorAll<HTMLElement>('.collapse.show')) setOpen(other, false);
  setOpen(panel, open);
}

function setOpen(panel: HTMLElement, open: boolean): void {
  panel.classList.toggle('show', open);
  panel.inert = !open;
  panel.parentElement?.querySelector('button')?.setAttribute('aria-expanded', String(open));
}
