import { stringsFromJson } from '@weft/demo-catalog';

/** Fields in the order in which they are answered. */
const VIDEO_FIELDS = ['id', 'title', 'description', 'imageurl', 'url'] as const;

export type Video = Readonly<Record<(typeof VIDEO_FIELDS)[number], string>>;

export interface Playlist {
  readonly id: string;
  readonly name: string;
  readonly videos: readonly Video[];
}

/** Reads what is stored under the key `playlists`. Throws on anything that is not a list of playlists. */
export function readPlaylists(text: string): Playlist[] {
  return readList(JSON.parse(text)).map((entry) => ({
    ...stringsFromJson(entry, ['id', 'name']),
    videos: readList(field(entry, 'videos')).map(readVideo),
  }));
}

/** Reads an answer of videos-api. `{}` is a video with empty fields; what is not JSON throws. */
export function parseVideo(text: string): Video {
  return readVideo(JSON.parse(text));
}

function readVideo(json: unknown): Video {
  return stringsFromJson(json, VIDEO_FIELDS);
}

function field(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null) return null;
  return Object.entries(json).find(([key]) => key.toLowerCase() === name)?.[1];
}

function readList(json: unknown): unknown[] {
  if (json === null || json === undefined) return [];
  if (!Array.isArray(json)) throw new TypeError(`cannot read a value of type ${typeof json} as a list`);
  return json;
}
