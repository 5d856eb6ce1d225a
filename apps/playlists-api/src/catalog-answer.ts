import { stringifyLikeGo, type KeyStore } from '@weft/demo-catalog';
import { parseVideo, readPlaylists, type Playlist, type Video } from './playlists.ts';
import type { VideosClient } from './videos-client.ts';

export interface CatalogAnswerParts {
  readonly store: KeyStore;
  readonly videos: VideosClient;
  readonly print: (text: string) => void;
}

/**
 * Answers with all playlists and their videos: one query of Redis, then one call of videos-api for each video, one after
 * the other (the demo wants a busy network). Rejects when an answer of videos-api is no video, and so the page is lost.
 */
export function catalogAnswer({ store, videos, print }: CatalogAnswerParts): () => Promise<string> {
  return async () => {
    const playlists: Playlist[] = [];
    for (const playlist of readPlaylists(await storedPlaylists(store, print))) {
      const { id, name } = playlist;
      playlists.push({ id, name, videos: await fullVideos(playlist, videos, print) });
    }
    return stringifyLikeGo(playlists);
  };
}

async function storedPlaylists(store: KeyStore, print: (text: string) => void): Promise<string> {
  try {
    const stored = await store.get('playlists');
    if (stored !== null) return stored.toString();
    print('redis: nil\n');
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  print('error occured retrieving playlists from Redis\n');
  return '[]';
}

async function fullVideos(playlist: Playlist, client: VideosClient, print: (text: string) => void): Promise<Video[]> {
  const full: Video[] = [];
  for (const { id } of playlist.videos) {
    const reply = await client.video(id);
    if (!reply.answered) {
      // The rest of this playlist is given up, the next playlist gets its chance.
      print(`${reply.error.message}\n`);
      break;
    }
    full.push(parseVideo(reply.body));
  }
  return full;
}
