import { derChildren, OCTET_STRING } from './der.ts';

/** Before the session itself Node writes this, the length of the server's name in two bytes, and the name. */
const ENVELOPE = Buffer.from('\0nodejs:tls:session:1\0', 'latin1');
/** SSL_SESSION's field `peer`, by its tag. */
const PEER = 0xa3;

/** What is read of a session, as `TLSSocket.getSession` gives it. Source: OpenSSL's SSL_SESSION in DER, ssl/ssl_asn1.c. */
export interface SessionFacts {
  /** In hex; `''`: it has none. */
  readonly id: string;
  /** The peer's certificate in DER. */
  readonly peer: Uint8Array | undefined;
}

/** `session`: undefined before there is one, and null once the socket is closed, which Node's types do not tell. */
export function readSession(session: Buffer | undefined | null): SessionFacts {
  // Version, protocol, cipher, session id, master key, …
  const fields = session === undefined || session === null ? [] : derChildren(withoutEnvelope(session));
  const id = fields.filter(({ tag }) => tag === OCTET_STRING)[1]?.content;
  return { id: Buffer.from(id ?? []).toString('hex'), peer: fields.find(({ tag }) => tag === PEER)?.content };
}

function withoutEnvelope(session: Buffer): Buffer {
  if (!session.subarray(0, ENVELOPE.length).equals(ENVELOPE) || session.length < ENVELOPE.length + 2) return session;
  return session.subarray(ENVELOPE.length + 2 + session.readUInt16BE(ENVELOPE.length));
}
