import type { Settings } from '../settings.ts';
import { hostOf } from '../topology.ts';
import { NETWORKING, type MeshDocument } from './document.ts';
import type { YamlMap } from './yaml.ts';

/** The canary's rule, word for word as the catalog has always had it: no space before `version=v2`, unless it comes first. */
export const CANARY_COOKIE = '^(.*?;)?(version=v2)(;.*)?$';

const WEB_EDGES = ['gateway→videos-web', 'gateway→videos-web-v2'];
const RETRIES = { attempts: 10, perTryTimeout: '2s', backoff: '5ms' };

/** The documents that `weft demo set` writes. Flaky is none: it is a fault of the service, not of the mesh. */
export function switchDocuments(settings: Settings): MeshDocument[] {
  return [versions(), settings.canary ? canary() : page(settings.split), retries(settings.retries)];
}

function versions(): MeshDocument {
  return {
    file: 'versions.yaml',
    comment: 'The two versions of videos-web, by the labels of their workloads',
    edges: WEB_EDGES,
    resource: {
      apiVersion: NETWORKING,
      kind: 'DestinationRule',
      metadata: { name: 'videos-web' },
      spec: {
        host: hostOf('videos-web'),
        subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
      },
    },
  };
}

/** All pages to version 1, or a share of them to version 2. */
function page(split: number): MeshDocument {
  const name = split === 0 ? 'version-1' : `split-${split}`;
  const all = [to('v2', split), to('v1', 100 - split)];
  return {
    file: 'routes/page.yaml',
    comment:
      split === 0
        ? 'The page: version 1 for everybody'
        : `The page: version 2 for ${split} % of the requests, at random`,
    hint: 'weft demo set split=N writes this; canary=on takes it away, for this one would win',
    switch: 'split',
    edges: WEB_EDGES,
    routes: { proxy: 'gateway', names: [name] },
    resource: pageService('videos-web', [{ name, ...HOME, route: all.filter(({ weight }) => weight > 0) }]),
  };
}

function canary(): MeshDocument {
  const [rule] = HOME.match;
  return {
    file: 'routes/canary.yaml',
    comment: 'The page: version 2 for those with the cookie version=v2, version 1 for all others',
    hint: 'weft demo set canary=on writes this. The whole header has to match, so "a=b; version=v2" does not: try ^(.*;)?\\s*version=v2\\s*(;.*)?$',
    switch: 'canary',
    edges: WEB_EDGES,
    routes: { proxy: 'gateway', names: ['canary', 'others'] },
    resource: pageService('videos-web-canary', [
      {
        name: 'canary',
        match: [{ ...rule, headers: { cookie: { regex: CANARY_COOKIE } } }],
        rewrite: HOME.rewrite,
        route: [to('v2', 100)],
      },
      { name: 'others', ...HOME, route: [to('v1', 100)] },
    ]),
  };
}

const HOME = { match: [{ uri: { prefix: '/home/' } }], rewrite: { uri: '/' } };

function pageService(name: string, http: readonly YamlMap[]): MeshDocument['resource'] {
  return {
    apiVersion: NETWORKING,
    kind: 'VirtualService',
    metadata: { name },
    spec: { hosts: ['*'], gateways: ['catalog'], http },
  };
}

function to(subset: string, weight: number): { readonly destination: YamlMap; readonly weight: number } {
  return { destination: { host: hostOf('videos-web'), subset }, weight };
}

function retries(on: boolean): MeshDocument {
  const name = on ? 'ten-retries' : 'no-retries';
  return {
    file: 'routes/retries.yaml',
    comment: on
      ? 'A failed call of videos-api is made again, up to ten times. Retries happen in the sidecar of who calls'
      : 'A failed call of videos-api fails: nobody tries it again',
    hint: 'weft demo set retries=on|off writes this',
    switch: 'retries',
    edges: ['playlists-api→videos-api'],
    routes: { proxy: 'playlists-api', names: [name] },
    resource: {
      apiVersion: NETWORKING,
      kind: 'VirtualService',
      metadata: { name: 'videos-api' },
      spec: {
        hosts: [hostOf('videos-api')],
        http: [
          {
            name,
            route: [{ destination: { host: hostOf('videos-api') } }],
            retries: on ? RETRIES : { attempts: 0 },
          },
        ],
      },
    },
  };
}
