import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

/** The addresses that a hosts file (hosts(5)) gives a name, in its order. Names are compared without regard to case. */
export function addressesInHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase();
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) > 0 && names.some((candidate) => candidate.toLowerCase() === wanted)) found.push(address);
  }
  return [...new Set(found)];
}

/** This machine's hosts file; `''` where there is none. */
export async function readHostsFile(): Promise<string> {
  try {
    return await readFile('/etc/hosts', 'utf8');
  } catch {
    return '';
  }
}
