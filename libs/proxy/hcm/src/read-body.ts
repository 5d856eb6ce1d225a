import { readFileSync } from 'node:fs';

/** The body of a direct response that configuration keeps elsewhere: read once, when the route is compiled. Throws. */
export function readBody(source: { readonly filename: string } | { readonly environmentVariable: string }): Uint8Array {
  if ('filename' in source) return readFileSync(source.filename);
  // A route's body may come from the environment by configuration; that is data, not a setting of the proxy.
  // eslint-disable-next-line no-restricted-properties
  const value = process.env[source.environmentVariable];
  if (value === undefined) throw new Error(`the environment has no variable ${source.environmentVariable}`);
  return Buffer.from(value);
}
