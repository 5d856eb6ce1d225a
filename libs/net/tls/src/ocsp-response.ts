import { derChildren, derElements, type DerElement } from './der.ts';
import { extensionOf } from './subject-alt-names.ts';

const TLS_FEATURE = '1.3.6.1.5.5.7.1.24';
const STATUS_REQUEST = 5;
const GENERALIZED_TIME = 0x18;
const CONTEXT_0 = 0xa0;
const SEQUENCE = 0x30;
const SUCCESSFUL = 0;

/** What is looked at in an OCSP response (RFC 6960) before it is stapled. */
export interface OcspResponse {
  readonly bytes: Buffer;
  /** Epoch milliseconds from which on it is stale; undefined where it names no end, which counts as stale, as in Envoy. */
  readonly nextUpdateMs: number | undefined;
}

/** Throws a sentence where it is no successful response. */
export function parseOcspResponse(bytes: Buffer): OcspResponse {
  const [status, payload] = derChildren(bytes);
  if (status === undefined) throw new Error('ocsp_staple is no OCSP response in DER');
  if (status.content[0] !== SUCCESSFUL)
    throw new Error(`ocsp_staple is an error response (status ${status.content[0] ?? ''})`);
  const [typed] = payload === undefined ? [] : (derElements(payload.content) ?? []);
  const [, basic] = typed === undefined ? [] : (derElements(typed.content) ?? []);
  const [body] = basic === undefined ? [] : derChildren(basic.content);
  // Version and responder are context-tagged, the time of production is not: the list is the first sequence.
  const list = inside(body).find(({ tag }) => tag === SEQUENCE);
  const [single] = inside(list);
  if (single === undefined) throw new Error('ocsp_staple holds no response');
  // CertID, status, thisUpdate, [0] nextUpdate: a good status has the tag [0] too, but stands before the time.
  const fields = inside(single);
  const at = fields.findIndex(({ tag }) => tag === GENERALIZED_TIME);
  const next = fields.slice(at + 1).find(({ tag }) => tag === CONTEXT_0);
  const [time] = inside(next);
  return { bytes, nextUpdateMs: time === undefined ? undefined : parseTime(time) };
}

/** True where a certificate says that it is worth nothing without a stapled response (RFC 7633). */
export function mustStaple(certificate: Uint8Array): boolean {
  const value = extensionOf(certificate, TLS_FEATURE);
  return value !== undefined && derChildren(value).some(({ content }) => content.at(-1) === STATUS_REQUEST);
}

function inside(element: DerElement | undefined): DerElement[] {
  return element === undefined ? [] : (derElements(element.content) ?? []);
}

/** `20261121075500Z`. */
function parseTime({ content }: DerElement): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(Buffer.from(content).toString('latin1'));
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
