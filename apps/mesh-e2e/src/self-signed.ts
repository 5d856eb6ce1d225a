import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that was made just now, with its key, as PEM. */
export function selfSigned(name = 'localhost'): { readonly chain: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'weft-certificate-'));
  const [key, chain] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const args = ['req', '-x509', ...curve, '-subj', `/CN=${name}`, '-keyout', key, '-out', chain];
  execFileSync('openssl', args, { stdio: 'ignore' });
  const pair = { chain: readFileSync(chain, 'utf8'), key: readFileSync(key, 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
}
