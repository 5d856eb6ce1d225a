import { joinPath } from '@weft/core-config-text';
import type { Report } from '../report.ts';
import type { VirtualServiceHeaderOperations, VirtualServiceHttpHeaders } from '../types/index.ts';
import { checkFormat } from './header-format.ts';

const TOKEN = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;
const MAX_OCTETS = 16_384;

/** What a rule does to headers: names that a header can have, values that proxies can write. */
export function checkHeaders(headers: VirtualServiceHttpHeaders | undefined, path: string, report: Report): void {
  checkOperations(headers?.request, `${path}.request`, report);
  checkOperations(headers?.response, `${path}.response`, report);
}

function checkOperations(operations: VirtualServiceHeaderOperations | undefined, path: string, report: Report): void {
  const { set = {}, add = {}, remove = [] } = operations ?? {};
  for (const [name, value] of Object.entries(set)) {
    const place = joinPath(`${path}.set`, name);
    if (isHost(name)) checkText(value, place, report);
    else checkHeader(name, value, place, report);
  }
  for (const [name, value] of Object.entries(add)) {
    const place = joinPath(`${path}.add`, name);
    if (isHost(name))
      report(place, `"${name}" cannot be added to`, { atKey: true, expected: 'set, which rewrites it' });
    else checkHeader(name, value, place, report);
  }
  for (const [i, name] of remove.entries()) checkRemoval(name, `${path}.remove[${i}]`, report);
}

export function checkRemoval(name: string, place: string, report: Report): void {
  if (name.startsWith(':') || isHost(name))
    report(place, `"${name}" cannot be removed`, {
      expected: 'the name of another header: no request goes without it',
    });
  else if (!TOKEN.test(name)) report(place, `"${name}" is no name of a header`);
}

function isHost(name: string): boolean {
  return name.toLowerCase() === 'host' || name === ':authority';
}

function checkHeader(name: string, value: string, place: string, report: Report): void {
  if (name.startsWith(':'))
    report(place, `"${name}" cannot be set`, { atKey: true, expected: 'rewrite, which changes the path' });
  else if (!TOKEN.test(name)) report(place, `"${name}" is no name of a header`, { atKey: true });
  if (checkText(value, place, report)) checkFormat(value, place, report);
}

/** False: a fault was reported. */
export function checkText(value: string | undefined, place: string, report: Report): boolean {
  if (/[\0\r\n]/.test(value ?? '')) {
    report(place, 'has a line break or a NUL', { expected: 'text on one line' });
    return false;
  }
  if (Buffer.byteLength(value ?? '') <= MAX_OCTETS) return true;
  report(place, `has ${Buffer.byteLength(value ?? '')} octets`, { expected: `at most ${MAX_OCTETS}` });
  return false;
}
