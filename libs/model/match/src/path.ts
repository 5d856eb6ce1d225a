/** The path without its query and fragment: what path matchers look at. */
export function pathOnly(path: string): string {
  const query = path.indexOf('?');
  const fragment = path.indexOf('#');
  if (query < 0 && fragment < 0) return path;
  if (query < 0) return path.slice(0, fragment);
  return path.slice(0, fragment < 0 ? query : Math.min(query, fragment));
}
