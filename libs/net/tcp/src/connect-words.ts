// What the system's codes mean, in the words that Envoy puts into replies (`transport failure reason: …`), which are strerror's.
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ETIMEDOUT: 'Connection timed out',
  EMFILE: 'Too many open files',
};

/** Why connecting failed: `delayed connect error: Connection refused`, as Envoy 1.40 says it. */
export function explainConnectError(error: NodeJS.ErrnoException): string {
  const words = WORDS[error.code ?? ''] ?? error.code ?? error.message;
  return `delayed connect error: ${words}`;
}
