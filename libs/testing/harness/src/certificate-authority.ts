import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key: the files, and what is in them (PEM). */
export interface IssuedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority made just now with the openssl program, in a folder that `remove` deletes. */
export class CertificateAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'weft-ca-'));
  readonly caFile = join(this.folder, 'ca.pem');
  private serial = 0;

  constructor(name = 'Weft test CA') {
    const args = ['-x509', '-subj', `/CN=${name}`, '-keyout', join(this.folder, 'ca.key'), '-out', this.caFile];
    openssl(['req', ...EC_KEY, '-days', '2', ...args]);
  }

  get ca(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** A leaf for servers and clients alike. `names` are SANs as openssl writes them: `DNS:localhost`, `URI:spiffe://…`, `IP:127.0.0.1`. */
  issue(commonName: string, names: readonly string[] = [`DNS:${commonName}`]): IssuedCertificate {
    this.serial += 1;
    const path = (kind: string): string => join(this.folder, `${this.serial}.${kind}`);
    const [keyFile, certFile] = [path('key'), path('pem')];
    openssl(['req', ...EC_KEY, '-subj', `/CN=${commonName}`, '-keyout', keyFile, '-out', path('csr')]);
    writeFileSync(path('ext'), `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    const signer = ['-CA', this.caFile, '-CAkey', join(this.folder, 'ca.key'), '-set_serial', String(this.serial + 1)];
    openssl(['x509', '-req', '-in', path('csr'), ...signer, '-days', '2', '-extfile', path('ext'), '-out', certFile]);
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'ignore'] });
}
