import { networkInterfaces } from 'node:os';

/** True for addresses of this machine that no other one can reach it by. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.');
}

let known: string | undefined;

/**
 * The first IPv4 address of this machine that is not its loopback, as other machines know it; 127.0.0.1 where there is none.
 * Looked up once. It stands for clients on this machine in x-forwarded-for, where a loopback address would mislead whoever
 * reads it elsewhere. Source: Envoy's Network::Utility::getLocalAddress.
 */
export function localIp(): string {
  known ??=
    Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
  return known;
}
