/** One Redis data set of the catalog: the keys it holds, in the order in which they are written. */
export type DataSet = ReadonlyMap<string, string>;

export type DataSetName = 'playlists' | 'videos';

const VIDEOS: readonly { readonly id: string; readonly title: string; readonly image?: string }[] = [
  { id: 'jM36M39MA3I', title: 'Kubernetes cluster autoscaling' },
  { id: 'FfDI08sgrYY', title: 'Kubernetes pod autoscaling' },
  { id: 'JmCn7k0PlV4', title: 'Redis on Kubernetes' },
  { id: '_lpDfMkxccc', title: 'RabbitMQ on Kubernetes' },
  { id: 'OFgziggbCOg', title: 'Flux CD' },
  { id: 'myCcJJ_Fk10', title: 'Drone CI' },
  { id: '2WSJF7d8dUg', title: 'Argo CD' },
  { id: 'QThadS3Soig', title: 'Kubernetes on Amazon' },
  {
    id: 'eyvLwK5C2dw',
    title: 'Kubernetes on Azure',
    image: 'mqdefault.jpg?sqp=CISC_PoF&rs=AOn4CLDo7kizrJozB0pxBhxL9JbyiW_EPw',
  },
];

const PLAYLISTS: readonly { readonly id: string; readonly name: string; readonly videos: readonly string[] }[] = [
  { id: '1', name: 'CI/CD', videos: ['OFgziggbCOg', 'myCcJJ_Fk10', '2WSJF7d8dUg'] },
  { id: '2', name: 'K8s in the Cloud', videos: ['QThadS3Soig', 'eyvLwK5C2dw'] },
  { id: '3', name: 'Storage and MessageBrokers', videos: ['JmCn7k0PlV4', '_lpDfMkxccc'] },
  { id: '4', name: 'K8s Autoscaling', videos: ['jM36M39MA3I', 'FfDI08sgrYY'] },
];

function videoText({ id, title, image = 'sddefault.jpg' }: (typeof VIDEOS)[number]): string {
  const fields = [
    `"id" : "${id}"`,
    `"title" : "${title}"`,
    `"imageurl" : "https://i.ytimg.com/vi/${id}/${image}"`,
    `"url" : "https://youtu.be/${id}"`,
    `"description" : ""`,
  ];
  // videos-api answers with these bytes as they are, so the white space is part of the data; the entry with its own
  // image is the one that has no white space behind its brace.
  const end = image === 'sddefault.jpg' ? '\n\t' : '';
  return `{\n\t\t${fields.join(',\n\t\t')}\n\t}${end}`;
}

function playlistText({ id, name, videos }: (typeof PLAYLISTS)[number]): string {
  const list = videos.map((video) => `{ "id" : "${video}"}`).join(', ');
  const blankLine = id === '3' ? '\n' : '';
  return `\t\t{\n\t\t\t"id" : "${id}",\n\t\t\t"name" : "${name}",\n\t\t\t"videos": [ ${list}]\n${blankLine}\t\t}`;
}

/** `playlists-db` holds one key, `videos-db` one for each video. No key is in both, so one Redis may hold the two. */
export const DATA_SETS: Readonly<Record<DataSetName, DataSet>> = {
  playlists: new Map([['playlists', `\n\t[\n${PLAYLISTS.map(playlistText).join(',\n')}\n\t]\n\t`]]),
  videos: new Map(VIDEOS.map((video) => [video.id, videoText(video)])),
};
