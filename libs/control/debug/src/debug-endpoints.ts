import type { MeshSnapshot } from '@weft/control-mesh';
import { analysisView } from './analysis-view.ts';
import { authorityRoutes } from './authority-routes.ts';
import { answerAuthz } from './authz-view.ts';
import { configDump } from './config-dump.ts';
import {
  found,
  refused,
  type DebugHandler,
  type DebugRequest,
  type DebugResponse,
  type DebugRoutes,
} from './debug-route.ts';
import type { DebugSource } from './debug-source.ts';
import { describe } from './describe.ts';
import { documentView, statusView } from './document-views.ts';
import { edges, groupEdges } from './edges.ts';
import { indexPage } from './index-page.ts';
import { findNode } from './proxy-name.ts';
import { originsOf } from './origins.ts';
import { endpointView, registrationView, registryView } from './service-views.ts';
import type { Snapshot } from '@weft/xds-server';
import { reportRoutes } from './report-views.ts';
import { syncStatus } from './sync-status.ts';
import { versionRoutes } from './version-routes.ts';

/** The debug port's pages over a source. Each answers from what is there at that moment; nothing in them is secret. */
export function debugEndpoints(source: DebugSource): DebugRoutes {
  const page: DebugHandler = () => ({
    status: 200,
    body: indexPage(source.name, source.version),
    contentType: 'text/html; charset=utf-8',
  });
  const withMesh =
    (answer: (mesh: MeshSnapshot, request: DebugRequest) => ReturnType<DebugHandler>): DebugHandler =>
    (request) => {
      const mesh = source.mesh();
      return mesh === undefined
        ? refused(503, 'the documents have not been read yet', 'ask again in a moment')
        : answer(mesh, request);
    };
  return {
    'GET /debug': page,
    'GET /debug/': page,
    'GET /debug/info': () =>
      found({ name: source.name, version: source.version, documentsRead: source.mesh() !== undefined }),
    'GET /debug/syncz': () => found(syncStatus(source.proxies(), source.name, (id) => source.withheld(id))),
    'GET /debug/config_dump': (request) => ofProxy(source, request, (_, snapshot) => configDump(snapshot)),
    'GET /debug/origins': withMesh((mesh, request) =>
      ofProxy(source, request, (id, snapshot) => {
        const proxy = source.meshProxy(id);
        return proxy === undefined ? { clusters: {}, virtualHosts: {} } : originsOf(mesh, proxy, snapshot);
      }),
    ),
    ...reportRoutes(source),
    'GET /debug/registryz': withMesh((mesh) => found(registryView(mesh))),
    'GET /debug/endpointz': withMesh((mesh) => found(endpointView(mesh))),
    'GET /v1/registration': withMesh((mesh) => found(registrationView(mesh))),
    'GET /debug/configz': () => found(documentView(source.documents())),
    'GET /debug/status': withMesh(async (mesh) => {
      const question = {
        mesh,
        proxies: meshProxies(source),
        documents: source.documents(),
        withheld: (id: string) => source.withheld(id),
      };
      return found(await statusView(question, () => source.rest()));
    }),
    'GET /debug/authzz': withMesh((mesh, request) => answerAuthz(mesh, request, meshProxies(source))),
    'GET /debug/describe': withMesh((mesh, request) => describe(source, mesh, request)),
    'GET /debug/edges': withMesh((mesh, { query }) => {
      const all = edges(source, mesh);
      return found(query.get('by') === 'workload' ? all : groupEdges(all));
    }),
    'GET /debug/analysis': withMesh((mesh) => found(analysisView(mesh, source.documents()))),
    ...authorityRoutes(source),
    ...versionRoutes(source),
  };
}

/** Everybody who is connected and whose node has a known form. */
function meshProxies(source: DebugSource) {
  const ids = new Set(nodeIds(source));
  return [...ids].flatMap((id) => source.meshProxy(id) ?? []);
}

function nodeIds(source: DebugSource): string[] {
  return source.proxies().flatMap(({ node }) => (node === undefined ? [] : [node.id]));
}

/** `?proxyID=…`: something about one proxy. */
function ofProxy(
  source: DebugSource,
  { query }: DebugRequest,
  answer: (id: string, snapshot: Snapshot) => object,
): DebugResponse {
  const wanted = query.get('proxyID') ?? '';
  if (wanted === '') return refused(400, 'proxyID is missing', '?proxyID=NAME.NAMESPACE; /debug/syncz lists them');
  const node = findNode(nodeIds(source), wanted);
  if (typeof node === 'string') return refused(404, node, 'weft proxy-status lists those that are connected');
  const snapshot = source.snapshotOf(node.id);
  if (snapshot === undefined)
    return refused(
      404,
      `${node.id} is connected and gets nothing: its id does not say what it is`,
      'see the log of the control plane',
    );
  return found(answer(node.id, snapshot));
}
