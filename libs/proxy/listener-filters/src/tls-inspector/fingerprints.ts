import type { ClientHello } from '@weft/net-tls';
import { createHash } from 'node:crypto';

const SERVER_NAME = 0;
const ALPN = 16;
const VERSION_NAMES: Readonly<Record<number, string>> = {
  0x0300: 's3',
  0x0301: '10',
  0x0302: '11',
  0x0303: '12',
  0x0304: '13',
};

/** MD5 of the JA3 text: version, cipher suites, extensions, groups, point formats, without GREASE values. */
export function ja3(hello: ClientHello): string {
  const lists = [hello.cipherSuites, hello.extensions, hello.groups, hello.pointFormats];
  const text = [hello.legacyVersion, ...lists.map((list) => list.filter(isNoGrease).join('-'))].join(',');
  return createHash('md5').update(text).digest('hex');
}

/** JA4 of a client over TCP: what it offers in ten characters, then hashes of its suites and of its extensions. */
export function ja4(hello: ClientHello): string {
  const suites = hello.cipherSuites.filter(isNoGrease).map(hex).sort();
  const extensions = hello.extensions.filter(isNoGrease);
  const versions = hello.supportedVersions.filter(isNoGrease);
  const version = VERSION_NAMES[versions.length > 0 ? Math.max(...versions) : hello.legacyVersion] ?? '00';
  const named = extensions.includes(SERVER_NAME) ? 'd' : 'i';
  const hashed = extensions
    .filter((type) => type !== SERVER_NAME && type !== ALPN)
    .map(hex)
    .sort()
    .join(',');
  const algorithms = hello.signatureAlgorithms.filter(isNoGrease).map(hex).join(',');
  return [
    `t${version}${named}${twoDigits(suites.length)}${twoDigits(extensions.length)}${alpnEnds(hello.alpn[0])}`,
    hash12(suites.join(',')),
    hash12(extensions.length === 0 ? '' : algorithms === '' ? hashed : `${hashed}_${algorithms}`),
  ].join('_');
}

/** RFC 8701: values that mean nothing, sent so that servers stay used to unknown ones. */
function isNoGrease(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff);
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function twoDigits(count: number): string {
  return String(Math.min(count, 99)).padStart(2, '0');
}

/** The first and the last character of the first protocol; in hex digits where they are not letters or digits. */
function alpnEnds(protocol: string | undefined): string {
  if (protocol === undefined || protocol === '') return '00';
  const first = protocol.charAt(0);
  const last = protocol.charAt(protocol.length - 1);
  if (/^[0-9a-z]{2}$/i.test(first + last)) return first + last;
  const digits = Buffer.from(protocol, 'latin1').toString('hex');
  return digits.charAt(0) + digits.charAt(digits.length - 1);
}

function hash12(text: string): string {
  return text === '' ? '000000000000' : createHash('sha256').update(text).digest('hex').slice(0, 12);
}
