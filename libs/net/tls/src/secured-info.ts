import type { TLSSocket } from 'node:tls';
import type { TlsConnectionInfo } from '@weft/core-http';
import type { Certificate } from './certificate.ts';
import { readSession } from './session.ts';

export interface ConnectionInfoParts {
  readonly serverName: string;
  /** The side's own leaf; undefined for a client without one. */
  readonly own: Certificate | undefined;
  readonly peer: Certificate | undefined;
  readonly peerVerified: boolean;
}

/** TlsConnectionInfo of a secured socket. What dies with the socket is taken now; certificates are read when asked for. */
export class SecuredInfo implements TlsConnectionInfo {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string;
  readonly alpn: string;
  readonly peer: Certificate | undefined;
  readonly peerVerified: boolean;
  readonly local: TlsConnectionInfo['local'];
  readonly sessionId: string;

  constructor(socket: TLSSocket, parts: ConnectionInfoParts) {
    this.version = socket.getProtocol() ?? '';
    this.cipher = socket.getCipher().name;
    this.alpn = socket.alpnProtocol || '';
    this.serverName = parts.serverName;
    this.peer = parts.peer;
    this.peerVerified = parts.peerVerified;
    this.local = parts.own ?? NO_CERTIFICATE;
    // What TLS 1.3 resumes by is a ticket; its sessions have an id for the sake of older middleboxes only.
    this.sessionId = this.version === 'TLSv1.3' ? '' : readSession(socket.getSession()).id;
  }
}

const NO_CERTIFICATE: TlsConnectionInfo['local'] = {
  uriSans: [],
  dnsSans: [],
  emailSans: [],
  ipSans: [],
  otherNameSans: [],
  subject: '',
};
