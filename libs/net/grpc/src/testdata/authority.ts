import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly ca: string;
  /** `name` is a subject alternative name as openssl writes it: `DNS:a.test`, `URI:spiffe://a`. */
  issue(name: string): Issued;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority made just now; nothing of it stays on disk. */
export function makeAuthority(): Authority {
  const made = inFolder((at) => {
    openssl(['req', '-x509', ...EC_KEY, '-days', '2', '-subj', '/CN=test CA', '-keyout', at('key'), '-out', at('pem')]);
    return { ca: readFileSync(at('pem'), 'utf8'), key: readFileSync(at('key'), 'utf8') };
  });
  let serial = 1;
  return {
    ca: made.ca,
    issue: (name) =>
      inFolder((at) => {
        serial += 1;
        writeFileSync(at('ca'), made.ca);
        writeFileSync(at('cakey'), made.key);
        writeFileSync(at('ext'), `subjectAltName=${name}\n`);
        openssl(['req', ...EC_KEY, '-subj', '/CN=leaf', '-keyout', at('key'), '-out', at('csr')]);
        const signer = ['-CA', at('ca'), '-CAkey', at('cakey'), '-set_serial', String(serial), '-extfile', at('ext')];
        openssl(['x509', '-req', '-in', at('csr'), ...signer, '-days', '2', '-out', at('pem')]);
        return { cert: readFileSync(at('pem'), 'utf8'), key: readFileSync(at('key'), 'utf8') };
      }),
  };
}

function inFolder<T>(make: (at: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'weft-grpc-ca-'));
  try {
    return make((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
