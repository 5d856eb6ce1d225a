/** The path with parameters of its query set and removed. As in Envoy, its parameters are in the order of their names then. */
export function changeQuery(
  path: string,
  set: readonly (readonly [name: string, value: string])[],
  remove: readonly string[],
): string {
  const mark = path.indexOf('?');
  const parameters = new Map<string, string[]>();
  for (const part of mark < 0 ? [] : path.slice(mark + 1).split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const values = parameters.get(name) ?? [];
    values.push(equals < 0 ? '' : part.slice(equals + 1));
    parameters.set(name, values);
  }
  for (const [name, value] of set) parameters.set(name, [value]);
  for (const name of remove) parameters.delete(name);
  const names = [...parameters.keys()].sort((a, b) => (a < b ? -1 : 1));
  const query = names.flatMap((name) => (parameters.get(name) ?? []).map((value) => `${name}=${value}`)).join('&');
  return (mark < 0 ? path : path.slice(0, mark)) + (query === '' ? '' : `?${query}`);
}
