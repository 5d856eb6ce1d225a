import { RE2JS } from 're2js';
import { isIP } from 'node:net';
import type { Report } from '../report.ts';

/** What the runtime that proxies of the mesh have allows. Source: Istio's re2.max_program_size.error_level. */
const MOST_INSTRUCTIONS = 32_768;
const LABEL = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/i;

/** What is wrong with an RE2 regular expression; undefined if nothing is. */
export function regexFault(regex: string): string | undefined {
  try {
    const size = RE2JS.compile(regex).programSize();
    return size > MOST_INSTRUCTIONS ? `it becomes ${size} instructions, more than ${MOST_INSTRUCTIONS}` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
  }
}

export function checkRegex(regex: string | undefined, path: string, report: Report): void {
  const fault = regex === undefined ? undefined : regexFault(regex);
  if (fault !== undefined)
    report(path, `is no regular expression: ${fault}`, {
      expected: fault.includes('instructions')
        ? 'a shorter one: repetitions such as {500} count as often'
        : 'RE2 syntax, which has no backreferences and no look-around',
    });
}

/** A DNS name, a short name, or one with `*` as its first label (or alone). */
export function checkHost(host: string, path: string, report: Report): void {
  const rest = host === '*' ? '' : host.replace(/^\*[.-]/, '');
  if (host === '') report(path, 'is empty', { expected: 'a host name' });
  else if (rest === '' || isIP(host) !== 0) return;
  else if (rest.includes('*'))
    report(path, `"${host}" is no host name`, { expected: '"*" only as the whole first label, as in "*.example.com"' });
  else if (/^[a-z]+:\/\//i.test(host))
    report(path, `"${host}" is no host name`, { suggestion: host.replace(/^[a-z]+:\/\//i, '').replace(/[:/].*$/, '') });
  else if (/:\d+$/.test(host)) report(path, `"${host}" is no host name`, { suggestion: host.replace(/:\d+$/, '') });
  else if (
    !rest
      .replace(/\.$/, '')
      .split('.')
      .every((label) => LABEL.test(label))
  )
    report(path, `"${host}" is no host name`, { expected: 'labels of letters, digits and "-", joined by dots' });
}

export function isAddressRange(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
