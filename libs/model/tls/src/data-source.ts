/** Bytes from a file, from an environment variable, or from the configuration itself. Source: core.v3.DataSource. */
export type DataSource =
  | { readonly kind: 'file'; readonly path: string; readonly watchedDirectory: string | undefined }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'inline'; readonly bytes: Uint8Array };

/** Where it came from, as Envoy's /certs and messages write it. */
export function dataSourceName(source: DataSource | undefined): string {
  return source?.kind === 'file' ? source.path : '<inline>';
}
