import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ENVOY_API_VERSION } from '@weft/api-envoy';

/** The release of this library, which is the workspace's. Bundles carry it in place of the manifest. */
declare const WEFT_VERSION: string | undefined;

export function weftVersion(): string {
  if (typeof WEFT_VERSION === 'string') return WEFT_VERSION;
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}

/** `<40 hex>/<Envoy API version>-weft<release>/Clean/RELEASE/OpenSSL<version>`: the form of Envoy's own. */
export function versionString(): string {
  const release = weftVersion();
  const revision = createHash('sha1').update(`weft ${release}`).digest('hex');
  return `${revision}/${ENVOY_API_VERSION}-weft${release}/Clean/RELEASE/OpenSSL${process.versions.openssl}`;
}
