import type { ConfigHistory, KeptVersion } from './config-history.ts';
import {
  found,
  refused,
  type DebugHandler,
  type DebugRequest,
  type DebugResponse,
  type DebugRoutes,
} from './debug-route.ts';
import type { DebugSource } from './debug-source.ts';
import { notFromHere } from './local-change.ts';
import { isoTime } from './sync-status.ts';
import { documentsOf, WITHHELD } from './version-documents.ts';

/** The kept versions of the documents. */
export function versionRoutes({ history }: DebugSource): DebugRoutes {
  const kept =
    (answer: (history: ConfigHistory, request: DebugRequest) => DebugResponse): DebugHandler =>
    (request) =>
      history === undefined ? refused(404, 'this control plane keeps no versions') : answer(history, request);
  return {
    'GET /debug/versionz': kept((all) => found(all.versions().map((one) => summary(all, one)))),
    'GET /debug/versionz/*': kept(oneVersion),
    'POST /debug/rollback/*': kept(rollback),
  };
}

function summary(history: ConfigHistory, one: KeptVersion): object {
  return {
    version: one.version,
    at: isoTime(one.atMs),
    note: one.note,
    files: Object.keys(one.files).length,
    changes: (history.changes(one) ?? []).map(({ change, document }) => `${change} ${document}`),
  };
}

/** `N` or `newest`; `?against=M`: what is different in N. */
function oneVersion(history: ConfigHistory, { parts: [wanted = ''], query }: DebugRequest): DebugResponse {
  const version = versionNamed(history, wanted);
  if (typeof version === 'string') return refused(404, version, 'weft versions lists them');
  const other = query.get('against');
  if (other !== null) {
    const against = versionNamed(history, other);
    if (typeof against === 'string') return refused(404, against, 'weft versions lists them');
    return found({ from: against.version, to: version.version, changes: history.diff(against, version) });
  }
  return found({
    ...summary(history, version),
    documents: documentsOf(history.texts(version)).map(({ title, file, line, text, secret }) => ({
      document: title,
      place: `${file}:${line}`,
      text: secret ? WITHHELD : text,
    })),
  });
}

function versionNamed(history: ConfigHistory, text: string): KeptVersion | string {
  const all = history.versions();
  const found = text === 'newest' ? all[0] : all.find(({ version }) => String(version) === text);
  if (found !== undefined) return found;
  if (all.length === 0) return 'no version is kept yet';
  return `there is no version ${text}: ${all.at(-1)?.version ?? 0} to ${all[0]?.version ?? 0} are kept`;
}

/** `?force=true` gives up what was edited by hand. */
function rollback(history: ConfigHistory, request: DebugRequest): DebugResponse {
  const {
    parts: [wanted = ''],
    query,
  } = request;
  const fault = notFromHere(request, {
    what: 'a rollback',
    header: 'x-weft-rollback',
    command: `weft rollback ${wanted}`,
  });
  if (fault !== undefined) return fault;
  if (!/^\d+$/.test(wanted)) return refused(400, `"${wanted}" is no version`, 'weft versions lists them');
  const result = history.rollback(Number(wanted), query.get('force') === 'true');
  if (result.kind === 'unknown') return refused(404, result.message, 'weft versions lists them');
  if (result.kind === 'refused') {
    const hint =
      result.files.length === 0 ? undefined : 'wait until they are a version, or give the edits up with --force';
    return refused(409, result.message, hint);
  }
  return found({ version: result.version.version, rolledBackTo: Number(wanted), changes: result.changes });
}
