import { RE2JS } from 're2js';
import type { Report } from '../report.ts';
import type {
  VirtualServiceHttpDirectResponse,
  VirtualServiceHttpRedirect,
  VirtualServiceHttpRetries,
  VirtualServiceHttpRewrite,
} from '../types/index.ts';
import { checkDuration } from './durations.ts';
import { checkText } from './headers.ts';
import { checkRegex, regexFault } from './words.ts';

const REDIRECT_CODES = [301, 302, 303, 307, 308];
/** What the route configurations that are made of documents allow. */
const MAX_BODY_OCTETS = 1024 * 1024;

export function checkRedirect(redirect: VirtualServiceHttpRedirect | undefined, path: string, report: Report): void {
  if (redirect === undefined) return;
  const { redirectCode = 301, authority, uri, port, scheme } = redirect;
  if (redirectCode !== 0 && !REDIRECT_CODES.includes(redirectCode))
    report(`${path}.redirectCode`, `${redirectCode} is no redirect`, {
      expected: `one of ${REDIRECT_CODES.join(', ')}`,
    });
  checkText(authority, `${path}.authority`, report);
  checkText(uri, `${path}.uri`, report);
  checkText(scheme, `${path}.scheme`, report);
  if (port !== undefined && (port < 1 || port > 65_535))
    report(`${path}.port`, `${port} is no port`, { expected: '1 to 65535' });
}

export function checkDirectResponse(
  response: VirtualServiceHttpDirectResponse | undefined,
  path: string,
  report: Report,
): void {
  if (response === undefined) return;
  const { status, body: { string = '', bytes = '' } = {} } = response;
  if (status < 200 || status > 599) report(`${path}.status`, `${status} is no status`, { expected: '200 to 599' });
  for (const [key, octets] of [
    ['string', Buffer.byteLength(string)],
    ['bytes', Buffer.byteLength(bytes, 'base64')],
  ] as const)
    if (octets > MAX_BODY_OCTETS)
      report(`${path}.body.${key}`, `has ${octets} octets`, { expected: `at most ${MAX_BODY_OCTETS}` });
}

export function checkRewrite(rewrite: VirtualServiceHttpRewrite | undefined, path: string, report: Report): void {
  if (rewrite === undefined) return;
  const { uri, authority, uriRegexRewrite } = rewrite;
  if (uri !== undefined && uriRegexRewrite !== undefined)
    report(path, 'has uri and uriRegexRewrite', { expected: 'only one of them' });
  checkText(uri, `${path}.uri`, report);
  checkText(authority, `${path}.authority`, report);
  const { match, rewrite: text = '' } = uriRegexRewrite ?? {};
  checkRegex(match, `${path}.uriRegexRewrite.match`, report);
  checkText(text, `${path}.uriRegexRewrite.rewrite`, report);
  if (match !== undefined && regexFault(match) === undefined)
    checkGroups(text, match, `${path}.uriRegexRewrite.rewrite`, report);
}

/** RE2's own form: `\1` is a group, `\\` a backslash. */
function checkGroups(text: string, match: string, place: string, report: Report): void {
  const groups = RE2JS.compile(match).groupCount();
  for (const [escape, after = ''] of text.matchAll(/\\(.?)/gs)) {
    if (after === '\\' || (/\d/.test(after) && Number(after) <= groups)) continue;
    report(place, `"${escape}" refers to a group that the pattern does not have`, {
      expected:
        groups === 0
          ? '\\0 for all that it matched, or \\\\ for a backslash'
          : `\\0 to \\${groups}, or \\\\ for a backslash`,
    });
    return;
  }
}

export function checkRetries(retries: VirtualServiceHttpRetries | undefined, path: string, report: Report): void {
  if (retries === undefined) return;
  const { attempts, perTryTimeout, backoff } = retries;
  if (attempts !== undefined && attempts < 0)
    report(`${path}.attempts`, `${attempts} is too small`, { expected: 'at least 0' });
  if (attempts === 0 && perTryTimeout !== undefined)
    report(`${path}.perTryTimeout`, 'is set, and attempts is 0', {
      expected: 'attempts of at least 1, or no perTryTimeout',
    });
  checkDuration(perTryTimeout, `${path}.perTryTimeout`, report);
  checkDuration(backoff, `${path}.backoff`, report);
}
