import type { SourceMap } from './source-map.ts';

/**
 * True for the place of a fault that may only follow from values that could not be read: at such a value, in it or around
 * it, or at a value that is absent beside it, for that may be the one that was meant.
 */
export function followsFromUnread(path: string, unread: readonly string[], source: SourceMap): boolean {
  return unread.some(
    (hole) =>
      isWithin(path, hole) || isWithin(hole, path) || (parentOf(path) === parentOf(hole) && isAbsent(path, source)),
  );
}

function isWithin(path: string, around: string): boolean {
  return path.startsWith(around) && /^(?:$|[.[])/.test(around === '' ? '' : path.slice(around.length));
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.'), path.lastIndexOf('[')));
}

/** A source gives for what is absent the place of what is around it. */
function isAbsent(path: string, source: SourceMap): boolean {
  const here = source.position(path);
  const around = source.position(parentOf(path));
  return here === undefined || (here.line === around?.line && here.column === around.column);
}
