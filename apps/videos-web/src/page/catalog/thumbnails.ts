import type { Video } from './playlists.ts';

/** Our own drawing for each video we know, so that the page needs no picture from anywhere else. */
const DRAWINGS: ReadonlyMap<string, string> = new Map([
  ['OFgziggbCOg', new URL('../thumbnails/flux-cd.svg', import.meta.url).href],
  ['myCcJJ_Fk10', new URL('../thumbnails/drone-ci.svg', import.meta.url).href],
  ['2WSJF7d8dUg', new URL('../thumbnails/argo-cd.svg', import.meta.url).href],
  ['QThadS3Soig', new URL('../thumbnails/kubernetes-on-amazon.svg', import.meta.url).href],
  ['eyvLwK5C2dw', new URL('../thumbnails/kubernetes-on-azure.svg', import.meta.url).href],
  ['JmCn7k0PlV4', new URL('../thumbnails/redis-on-kubernetes.svg', import.meta.url).href],
  ['_lpDfMkxccc', new URL('../thumbnails/rabbitmq-on-kubernetes.svg', import.meta.url).href],
  ['jM36M39MA3I', new URL('../thumbnails/cluster-autoscaling.svg', import.meta.url).href],
  ['FfDI08sgrYY', new URL('../thumbnails/pod-autoscaling.svg', import.meta.url).href],
]);

/** The picture of a video: ours if there is one and its own is elsewhere on the network, else its own. */
export function thumbnailOf({ id, imageurl }: Pick<Video, 'id' | 'imageurl'>): string {
  const remote = /^https?:\/\//.test(imageurl);
  return (remote ? DRAWINGS.get(id) : undefined) ?? imageurl;
}
