import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataSourceName, type CertificateValidation, type DataSource, type TlsCertificate } from '@weft/model-tls';
import type { CertificateMaterial, TlsMaterial } from '@weft/net-tls';
import type { Environment } from './tls-world.ts';

/** What a TLS configuration names once its secrets are there. */
export interface TlsParts {
  readonly certificates: readonly TlsCertificate[];
  readonly validation: CertificateValidation | undefined;
  readonly ticketKeys: readonly DataSource[];
}

/** What was to be read and could not be; the message is a sentence. */
export class UnreadableSource extends Error {
  readonly source: DataSource;

  constructor(source: DataSource, message: string, options?: ErrorOptions) {
    super(message, options);
    this.source = source;
  }
}

/** Reads all files and variables. Throws an UnreadableSource about the first that cannot be read. */
export function readMaterial(parts: TlsParts, environment: Environment): TlsMaterial {
  const text = (source: DataSource | undefined): string | undefined =>
    source === undefined ? undefined : readDataSource(source, environment).toString('utf8');
  const bytes = (source: DataSource | undefined): Buffer | undefined =>
    source === undefined ? undefined : readDataSource(source, environment);
  const certificate = (from: TlsCertificate): CertificateMaterial => ({
    path: dataSourceName(from.chain ?? from.pkcs12),
    chain: text(from.chain),
    key: text(from.key),
    pkcs12: bytes(from.pkcs12),
    // A password file ends in a line break that is not part of it.
    password: text(from.password)?.replace(/\r?\n$/, ''),
    ocspStaple: bytes(from.ocspStaple),
  });
  return {
    certificates: parts.certificates.map(certificate),
    trustedCa: text(parts.validation?.trustedCa),
    crl: text(parts.validation?.crl),
    ticketKeys: parts.ticketKeys.map((source) => readDataSource(source, environment)),
  };
}

/** Folders in which changes make the files be read again. `all`: of every file, not only where a folder is named. */
export function watchedFolders(parts: TlsParts, all: boolean): Set<string> {
  const folders = new Set<string>();
  const add = (sources: readonly (DataSource | undefined)[], named: string | undefined): void => {
    if (named !== undefined) folders.add(named);
    for (const source of sources) {
      if (source?.kind !== 'file') continue;
      if (source.watchedDirectory !== undefined) folders.add(source.watchedDirectory);
      else if (all && named === undefined) folders.add(dirname(source.path));
    }
  };
  for (const { chain, key, pkcs12, password, ocspStaple, watchedDirectory } of parts.certificates)
    add([chain, key, pkcs12, password, ocspStaple], watchedDirectory);
  const { validation } = parts;
  if (validation !== undefined) add([validation.trustedCa, validation.crl], validation.watchedDirectory);
  add(parts.ticketKeys, undefined);
  return folders;
}

function readDataSource(source: DataSource, environment: Environment): Buffer {
  if (source.kind === 'inline') return Buffer.from(source.bytes);
  if (source.kind === 'file') {
    try {
      return readFileSync(source.path);
    } catch (error) {
      throw new UnreadableSource(source, `${source.path} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  const value = environment[source.variable];
  if (value === undefined) throw new UnreadableSource(source, `the environment variable ${source.variable} is not set`);
  return Buffer.from(value);
}
