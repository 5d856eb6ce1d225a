import { networkInterfaces } from 'node:os';

/** True for addresses of this machine that no other one can reach it by. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.');
}

/**
 * The first IPv4 address of this machine that is not its loopback, as other machines know it; 127.0.0.1 where there is none.
 * It stands for clients on this machine in x-forwarded-for, where a loopback address would mislead whoever reads it elsewhere.
 * Costs as much as a request: callers keep what it returns. Source: Envoy's Network::Utility::getLocalAddress.
 */
export function findLocalIp(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find((address) => address?.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
