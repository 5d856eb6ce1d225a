export interface Video {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly imageurl: string;
  readonly url: string;
}

export interface Playlist {
  readonly id: string;
  readonly name: string;
  readonly videos: readonly Video[];
}

/** What one call of playlists-api came to. */
export type CatalogResult =
  | { readonly kind: 'loaded'; readonly playlists: readonly Playlist[]; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly summary: string; readonly detail: string };

/** Reads the body whatever its content type says (it says text/plain). */
export function readAnswer(status: number, body: string, tookMs: number): CatalogResult {
  if (status < 200 || status > 299) {
    return failed(`playlists-api answered with status ${status}.`, body);
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return failed('playlists-api answered with something that is not JSON.', body);
  }
  if (!Array.isArray(json)) return failed('playlists-api answered with JSON that is no list of playlists.', body);
  return { kind: 'loaded', playlists: json.map(readPlaylist), tookMs };
}

/** No answer came: a browser does not tell a refused connection from one that was closed, or from missing CORS headers. */
export function noAnswer(error: unknown): CatalogResult {
  return failed('No answer came from playlists-api.', error instanceof Error ? error.message : String(error));
}

const DETAIL_LENGTH = 200;

function failed(summary: string, detail: string): CatalogResult {
  const text = detail.trim();
  return { kind: 'failed', summary, detail: text.length > DETAIL_LENGTH ? `${text.slice(0, DETAIL_LENGTH)}…` : text };
}

function readPlaylist(json: unknown): Playlist {
  const { id, name, videos } = record(json);
  return { id: text(id), name: text(name), videos: Array.isArray(videos) ? videos.map(readVideo) : [] };
}

function readVideo(json: unknown): Video {
  const { id, title, description, imageurl, url } = record(json);
  return { id: text(id), title: text(title), description: text(description), imageurl: text(imageurl), url: text(url) };
}

function record(json: unknown): Record<string, unknown> {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
