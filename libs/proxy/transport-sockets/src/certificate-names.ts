import { createHash } from 'node:crypto';
import type { DataSource } from '@weft/model-tls';

/**
 * What stats call a certificate that has no secret's name: `unnamed_cert_` and the start of a SHA-256. Envoy takes it of inline
 * bytes only, so that every certificate of a file has the same name; so do we.
 */
export function unnamed(prefix: string, source: DataSource | undefined): string {
  const bytes = source?.kind === 'inline' ? source.bytes : new Uint8Array();
  return `${prefix}_${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`;
}
