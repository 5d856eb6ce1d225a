import { found, refused, type DebugRequest, type DebugResponse, type DebugRoutes } from './debug-route.ts';
import type { DebugSource } from './debug-source.ts';
import { findNode } from './proxy-name.ts';
import { isoTime } from './sync-status.ts';

/** What proxies reported of themselves: the last calls that they logged, and their stats. */
export function reportRoutes(source: DebugSource): DebugRoutes {
  return {
    'GET /debug/accesslogz': (request) =>
      ofNode(source, request, (id) => {
        const limit = Number(request.query.get('limit') ?? Number.POSITIVE_INFINITY);
        if (!(limit > 0)) return refused(400, 'limit is no number above 0', '?proxyID=NAME.NAMESPACE&limit=10');
        const calls = source.accessLogs(id);
        return found({
          proxy: id,
          calls: calls.slice(Math.max(0, calls.length - limit)).map(({ logName, receivedMs, entry }) => ({
            log_name: logName,
            received: isoTime(receivedMs),
            entry,
          })),
        });
      }),
    'GET /debug/metricsz': (request) =>
      ofNode(source, request, (id) => {
        const filter = request.query.get('filter') ?? '';
        return found({ proxy: id, metrics: source.metrics(id).filter(({ name }) => name.includes(filter)) });
      }),
  };
}

/** `?proxyID=…`: one that is connected. */
function ofNode(source: DebugSource, { query }: DebugRequest, answer: (id: string) => DebugResponse): DebugResponse {
  const wanted = query.get('proxyID') ?? '';
  if (wanted === '') return refused(400, 'proxyID is missing', '?proxyID=NAME.NAMESPACE; /debug/syncz lists them');
  const ids = source.proxies().flatMap(({ node }) => (node === undefined ? [] : [node.id]));
  const node = findNode(ids, wanted);
  if (typeof node === 'string') return refused(404, node, 'weft proxy-status lists those that are connected');
  return answer(node.id);
}
