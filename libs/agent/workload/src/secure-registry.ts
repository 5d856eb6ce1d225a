import type { HeldCertificate } from '@weft/agent-certificates';
import {
  DEREGISTER,
  encodeRegistrationCall,
  REGISTER,
  statusOfCode,
  type RegistrationCall,
} from '@weft/control-registry';
import { GRPC_STATUS, grpcStatusName, type GrpcChannel, type GrpcMetadata } from '@weft/core-grpc';
import type { RegistryCall } from './registration-client.ts';

export interface SecureRegistryOptions {
  /** Makes a channel to the control plane that shows this certificate. */
  readonly connect: (held: HeldCertificate) => GrpcChannel;
  /** The workload's own; undefined: there is none. */
  readonly held: () => HeldCertificate | undefined;
}

const TIMEOUT_MS = 5000;

/** The registration API at the port of xDS and certificates, over mutual TLS with the workload's certificate as it is. */
export class SecureRegistry {
  private readonly options: SecureRegistryOptions;
  private open: { readonly held: HeldCertificate; readonly channel: GrpcChannel } | undefined;

  constructor(options: SecureRegistryOptions) {
    this.options = options;
  }

  readonly call: RegistryCall = ({ method, token, ...call }) => {
    const channel = this.channel();
    if (channel === undefined) return Promise.reject(new Error('there is no certificate to register with'));
    return ask(channel, method === 'PUT' ? REGISTER : DEREGISTER, { call, token });
  };

  close(): void {
    this.open?.channel.close();
  }

  private channel(): GrpcChannel | undefined {
    const held = this.options.held();
    if (held === undefined || held === this.open?.held) return this.open?.channel;
    this.open?.channel.close();
    this.open = { held, channel: this.options.connect(held) };
    return this.open.channel;
  }
}

function ask(
  channel: GrpcChannel,
  path: string,
  { call, token }: { readonly call: RegistrationCall; readonly token: string },
): ReturnType<RegistryCall> {
  const metadata: GrpcMetadata = [['authorization', `Bearer ${token}`]];
  return new Promise((resolve, reject) => {
    let body = '';
    const receiver = {
      onMessage: (message: Uint8Array) => void (body = Buffer.from(message).toString('utf8')),
      onEnd: ({ code, message }: { readonly code: number; readonly message: string }) => {
        if (code === GRPC_STATUS.OK) return resolve({ status: 200, body });
        const status = statusOfCode(code);
        if (status === undefined) return reject(new Error(`${grpcStatusName(code)}: ${message}`));
        // What does not fit in a status came as a message before it.
        resolve({ status, body: body === '' ? JSON.stringify({ error: message }) : body });
      },
    };
    const asking = channel.call(path, receiver, { metadata, timeoutMs: TIMEOUT_MS });
    asking.send(encodeRegistrationCall(call));
    asking.end();
  });
}
