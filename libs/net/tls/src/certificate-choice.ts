import type { ClientHello } from './client-hello.ts';
import type { CertifiedContext } from './secure-context.ts';

/** Curves of ECDSA certificates, by what a client says of them: its group, and its TLS 1.3 signature algorithm. */
const CURVES: readonly (readonly [string, number, number])[] = [
  ['prime256v1', 0x0017, 0x0403],
  ['secp384r1', 0x0018, 0x0503],
  ['secp521r1', 0x0019, 0x0603],
];
const TLS13 = 0x0304;
/** ECDHE-ECDSA suites that are in use: AES-CBC, AES-GCM, ChaCha20. */
const ECDSA_SUITES = new Set([0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xcca9]);

/**
 * Finds the certificate for a client, as Envoy does: by the exact name, then by the wildcard, ECDSA before RSA for clients that
 * can; then the first certificate, or with `fullScan` the first that the client can use.
 */
export class CertificateChoice {
  private readonly contexts: readonly CertifiedContext[];
  private readonly fullScan: boolean;
  private readonly byName = new Map<string, CertifiedContext[]>();

  /** At least one context. */
  constructor(contexts: readonly CertifiedContext[], fullScan: boolean) {
    this.contexts = contexts;
    this.fullScan = fullScan;
    for (const context of contexts) for (const name of namesOf(context)) this.add(name, context);
  }

  choose(hello: ClientHello | undefined): CertifiedContext {
    const [first] = this.contexts;
    if (this.contexts.length === 1 || hello === undefined) return first!;
    const curves = curvesOf(hello);
    const { serverName } = hello;
    if (serverName !== '') {
      const dot = serverName.indexOf('.', 1);
      const wildcard = dot > 0 && dot < serverName.length - 1 ? this.byName.get(serverName.slice(dot)) : undefined;
      const found = pick(this.byName.get(serverName), curves) ?? pick(wildcard, curves);
      if (found !== undefined) return found;
      if (!this.fullScan) return first!;
    }
    return pick(this.contexts, curves) ?? first!;
  }

  /** Of certificates with the same name and type of key, the first one counts. */
  private add(name: string, context: CertifiedContext): void {
    const pattern = name.startsWith('*.') ? name.slice(1) : name;
    const list = this.byName.get(pattern);
    if (list === undefined) this.byName.set(pattern, [context]);
    else if (!list.some((other) => (other.curve === undefined) === (context.curve === undefined))) list.push(context);
  }
}

/** DNS names; the common name only where there are no alternative names at all (RFC 6125 section 6.4.4). */
function namesOf({ leaf }: CertifiedContext): string[] {
  if (leaf.subjectAltNames.length > 0) return leaf.dnsSans.map((name) => name.toLowerCase());
  return leaf.commonName === undefined ? [] : [leaf.commonName.toLowerCase()];
}

function pick(list: readonly CertifiedContext[] | undefined, curves: readonly string[]): CertifiedContext | undefined {
  const ecdsa = list?.find(({ curve }) => curve !== undefined && curves.includes(curve));
  return ecdsa ?? list?.find(({ curve }) => curve === undefined);
}

/** The curves on which the client can check an ECDSA signature; empty for clients of RSA alone. */
function curvesOf(hello: ClientHello): string[] {
  if (hello.supportedVersions.includes(TLS13))
    return CURVES.flatMap(([name, , algorithm]) => (hello.signatureAlgorithms.includes(algorithm) ? [name] : []));
  if (!hello.cipherSuites.some((suite) => ECDSA_SUITES.has(suite))) return [];
  return CURVES.flatMap(([name, group]) => (hello.groups.includes(group) ? [name] : []));
}
