import { element } from './element.ts';
import type { Video } from './playlists.ts';
import { thumbnailOf } from './thumbnails.ts';

/** One video: picture, title, description if there is one, and the link to watch it. */
export function videoCard(video: Video): HTMLElement {
  const picture = element('div', { class: 'picture' });
  const image = thumbnailOf(video);
  if (image !== '') picture.append(element('img', { class: 'card-img-top', src: image, alt: '' }));
  const body = element('div', { class: 'card-body' }, element('h3', { class: 'card-title' }, video.title));
  if (video.description !== '') body.append(element('p', { class: 'card-text' }, video.description));
  if (isWebAddress(video.url)) body.append(watchLink(video));
  return element('article', { class: 'card video' }, picture, body);
}

function watchLink({ title, url }: Video): HTMLElement {
  const link = element(
    'a',
    { class: 'btn btn-primary', href: url, target: '_blank', rel: 'noopener noreferrer' },
    'Watch',
  );
  link.setAttribute('aria-label', `Watch ${title}`);
  return link;
}

/** Data must not smuggle a `javascript:` link in. */
function isWebAddress(url: string): boolean {
  return /^https?:\/\//.test(url);
}
