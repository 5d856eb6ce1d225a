/** Why an address cannot be bound, in words that say what to do. Errors that are not known keep their own. */
export function explainBindError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'another process uses this port. Stop it, or choose another port';
  if (code === 'EACCES') return 'ports below 1024 need root (or CAP_NET_BIND_SERVICE)';
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have that address';
  return message;
}
