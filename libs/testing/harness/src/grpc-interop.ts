import { execFile } from 'node:child_process';
import { freePort } from './free-port.ts';
import { startProcess, type RunningProcess } from './processes.ts';
import type { IssuedCertificate } from './certificate-authority.ts';

/**
 * The cases of grpc-go's interoperability client that need no credentials of a cloud. Without `pick_first_unary`: it wants a
 * server id that grpc-go's own server does not send, so it fails without any proxy too.
 */
export const GRPC_INTEROP_CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'orca_per_rpc',
  'orca_oob',
  'rpc_soak',
  'channel_soak',
] as const;

/** The balancer with which the client looks at ORCA load reports. */
const ORCA_CONFIG = JSON.stringify({ loadBalancingConfig: [{ test_backend_metrics_load_balancer: {} }] });

export interface InteropServer {
  readonly port: number;
  readonly process: RunningProcess;
}

/** Starts grpc-go's interoperability server; with a certificate it speaks TLS. */
export async function startInteropServer(binary: string, own?: IssuedCertificate): Promise<InteropServer> {
  const port = await freePort();
  const tls = own === undefined ? [] : ['-use_tls', '-tls_cert_file', own.certFile, '-tls_key_file', own.keyFile];
  const args = ['-port', String(port), ...tls];
  const process = await startProcess({ command: binary, args, ready: /(?:)/ });
  return { port, process };
}

export interface InteropTarget {
  readonly port: number;
  /** For TLS: who is trusted, and by which name the server is known. */
  readonly tls?: { readonly caFile: string; readonly name: string };
}

/** Runs one case; undefined when it passed, else the last lines of what the client said. */
export function runInteropCase(binary: string, name: string, target: InteropTarget): Promise<string | undefined> {
  const { port, tls } = target;
  const args = ['-server_host', '127.0.0.1', '-server_port', String(port), '-test_case', name];
  if (name.startsWith('orca')) args.push('-service_config_json', ORCA_CONFIG);
  if (tls !== undefined)
    args.push('-use_tls', '-use_test_ca', '-ca_file', tls.caFile, '-server_host_override', tls.name);
  return new Promise((resolve) => {
    execFile(binary, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve(
        error === null ? undefined : `${stdout}${stderr}`.trim().split('\n').slice(-3).join('\n') || error.message,
      );
    });
  });
}
