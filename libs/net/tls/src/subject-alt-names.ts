import { derChildren, derElements, dottedOid, type DerElement } from './der.ts';

export type SanType = 'EMAIL' | 'DNS' | 'URI' | 'IP_ADDRESS' | 'OTHER_NAME';

export interface SubjectAltName {
  readonly type: SanType;
  readonly value: string;
  /** Of an OTHER_NAME, dotted; `''` else. */
  readonly oid: string;
}

const SUBJECT_ALT_NAME = '2.5.29.17';

/**
 * The names in a certificate's DER (RFC 5280 section 4.2.1.6), in their order. Read from the bytes and not from a library's
 * text, in which one name could be written so that it passes for two.
 */
export function subjectAltNames(certificate: Uint8Array): SubjectAltName[] {
  const value = extensionOf(certificate, SUBJECT_ALT_NAME);
  return value === undefined ? [] : derChildren(value).flatMap((name) => readName(name) ?? []);
}

/** The contents of an extension's OCTET STRING; undefined where the certificate does not have it. */
export function extensionOf(certificate: Uint8Array, oid: string): Uint8Array | undefined {
  const [body] = derChildren(certificate);
  const fields = body === undefined ? [] : (derElements(body.content) ?? []);
  const explicit = fields.find(({ tag }) => tag === 0xa3);
  if (explicit === undefined) return undefined;
  for (const extension of derChildren(explicit.content)) {
    const parts = derElements(extension.content) ?? [];
    const [id] = parts;
    if (id !== undefined && dottedOid(id.content) === oid) return parts.at(-1)?.content;
  }
  return undefined;
}

function readName({ tag, content }: DerElement): SubjectAltName | undefined {
  switch (tag) {
    case 0x81:
      return { type: 'EMAIL', value: latin1(content), oid: '' };
    case 0x82:
      return { type: 'DNS', value: latin1(content), oid: '' };
    case 0x86:
      return { type: 'URI', value: latin1(content), oid: '' };
    case 0x87:
      return { type: 'IP_ADDRESS', value: ipText(content), oid: '' };
    case 0xa0:
      return readOtherName(content);
    default:
      return undefined;
  }
}

/** OtherName: an OID, and a value of any type in an explicit tag. Text types give their text, others their bytes. */
function readOtherName(content: Uint8Array): SubjectAltName | undefined {
  const [id, explicit] = derElements(content) ?? [];
  if (id === undefined || explicit === undefined) return undefined;
  const [value] = derElements(explicit.content) ?? [];
  if (value === undefined) return undefined;
  const text = value.tag === 0x0c ? Buffer.from(value.content).toString('utf8') : latin1(value.content);
  return { type: 'OTHER_NAME', value: text, oid: dottedOid(id.content) };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  // The URL parser writes IPv6 addresses as RFC 5952 wants them.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** RFC 6125 as Envoy does it: a wildcard stands for the whole first label. */
export function dnsNameMatches(name: string, pattern: string): boolean {
  const [wanted, given] = [name.toLowerCase(), pattern.toLowerCase()];
  if (wanted === given) return true;
  if (!given.startsWith('*.')) return false;
  const dot = wanted.indexOf('.');
  return dot > 0 && wanted.slice(dot) === given.slice(1);
}
