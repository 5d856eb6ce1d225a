import { ServerCredentials } from '@grpc/grpc-js';

/** What a server shows and whom it trusts. All in PEM; several certificates may stand in one text. */
export interface GrpcTlsMaterial {
  readonly certificateChain: string;
  readonly privateKey: string;
  /** Signers of callers' certificates. Absent: callers show none. */
  readonly clientCa?: string;
}

/**
 * A server's TLS, replaceable while it serves: `replace` holds for handshakes from then on, and connections that stand keep what
 * they have. With a `clientCa` callers are asked for a certificate: `require` refuses those without one of its signing at the
 * handshake; `request` lets them in as callers without a certificate. Whether callers are asked at all is settled by the first
 * material. TLS 1.2 and 1.3.
 */
export class GrpcTls {
  readonly credentials: SwappableCredentials;

  /** @throws Error when certificate and key cannot be used together */
  constructor(material: GrpcTlsMaterial, clientCertificate: 'request' | 'require' = 'require') {
    const asks = material.clientCa !== undefined;
    this.credentials = new SwappableCredentials(
      { requestCert: asks, rejectUnauthorized: asks && clientCertificate === 'require', minVersion: 'TLSv1.2' },
      contextOf(material),
    );
  }

  replace(material: GrpcTlsMaterial): void {
    this.credentials.replace(contextOf(material));
  }
}

type Context = Parameters<SwappableCredentials['replace']>[0];

class SwappableCredentials extends ServerCredentials {
  replace(context: NonNullable<ConstructorParameters<typeof ServerCredentials>[1]>): void {
    this.updateSecureContextOptions(context);
  }

  _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}

function contextOf({ certificateChain, privateKey, clientCa }: GrpcTlsMaterial): Context {
  return { cert: certificateChain, key: privateKey, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
