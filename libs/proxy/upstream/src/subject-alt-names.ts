import type { SanMatcher } from '@weft/model-cluster';

export interface SubjectAltName {
  readonly type: SanMatcher['type'];
  readonly value: string;
}

const TYPES: Readonly<Record<string, SanMatcher['type']>> = {
  DNS: 'DNS',
  URI: 'URI',
  'IP Address': 'IP_ADDRESS',
  email: 'EMAIL',
};

/**
 * The names in Node's text for a certificate (`DNS:a.test, URI:spiffe://x`). A value with characters that could pass for
 * another name is written there as a JSON string, so such a value cannot bring names in.
 */
export function subjectAltNames(text: string | undefined): SubjectAltName[] {
  const names: SubjectAltName[] = [];
  let rest = text ?? '';
  while (rest !== '') {
    const colon = rest.indexOf(':');
    if (colon < 0) break;
    const type = TYPES[rest.slice(0, colon)];
    rest = rest.slice(colon + 1);
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0];
    const comma = rest.indexOf(', ');
    const raw = quoted ?? (comma < 0 ? rest : rest.slice(0, comma));
    if (type !== undefined) names.push({ type, value: quoted === undefined ? raw : (JSON.parse(quoted) as string) });
    rest = rest.slice(raw.length).replace(/^, /, '');
  }
  return names;
}
