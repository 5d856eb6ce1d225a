import { nearest } from '@weft/core-config-text';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { applyCapture, cleanCapture, verifyCapture } from './capture.ts';
import { DEFAULT_CAPTURE, restoreText, type CaptureOptions } from './capture-rules.ts';
import type { CaptureReport } from './iptables.ts';
import type { RunCommand } from './run-command.ts';

/** What `weft capture` prints, and its exit code. */
export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const HELP = `Usage: weft capture apply|verify|clean|show [FLAGS]

Redirects the TCP traffic of the network that it runs in to a sidecar, as Istio's init container
does. It takes root (CAP_NET_ADMIN). Everything may be done twice.

  apply    put the rules in place, and verify them
  verify   compare the rules with what they should be
  clean    take the rules away
  show     print them, and change nothing

  --outbound-port PORT             where calls of programs go (default 15001)
  --inbound-port PORT              where calls to programs go (default 15006)
  --proxy-uid UID                  the sidecar's user (default 1337)
  --proxy-gid GID                  the sidecar's group (default 1337)
  --exclude-inbound-ports P,P      arrive untouched (default 15020,15021,15090)
  --exclude-outbound-ports P,P     are called untouched
  --exclude-outbound-ranges C,C    are called untouched: CIDR ranges
`;

const FLAGS = {
  'outbound-port': { type: 'string' },
  'inbound-port': { type: 'string' },
  'proxy-uid': { type: 'string' },
  'proxy-gid': { type: 'string' },
  'exclude-inbound-ports': { type: 'string' },
  'exclude-outbound-ports': { type: 'string' },
  'exclude-outbound-ranges': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** One command line of `weft capture`. Never throws. */
export function captureCommand(args: readonly string[], run: RunCommand): CommandOutcome {
  try {
    const { tokens, values, positionals } = parseArgs({
      args: [...args],
      options: FLAGS,
      allowPositionals: true,
      strict: false,
      tokens: true,
    });
    if (values['help'] === true) return { code: 0, out: HELP, err: '' };
    const faults = tokens.flatMap((token) => (token.kind === 'option' ? flagFaults(token) : []));
    const options = readOptions(values, faults);
    const [verb = ''] = positionals;
    if (!['apply', 'verify', 'clean', 'show'].includes(verb)) faults.push('expected apply, verify, clean or show');
    if (faults.length > 0) return { code: 2, out: '', err: faults.map((fault) => `weft capture: ${fault}\n`).join('') };
    return perform(verb, options, run);
  } catch (error) {
    return { code: 1, out: '', err: `weft capture: ${error instanceof Error ? error.message : String(error)}\n` };
  }
}

function flagFaults({ name, rawName, value }: { name: string; rawName: string; value?: string | undefined }): string[] {
  if (name === 'help') return [];
  if (Object.hasOwn(FLAGS, name)) return value === undefined ? [`${rawName} needs a value`] : [];
  const suggestion = nearest(name, Object.keys(FLAGS));
  return [`there is no flag ${rawName}${suggestion === undefined ? '' : `; did you mean --${suggestion}?`}`];
}

function perform(verb: string, options: CaptureOptions, run: RunCommand): CommandOutcome {
  if (verb === 'show') return { code: 0, out: restoreText(options, 4, []), err: '' };
  if (verb === 'clean') {
    cleanCapture(run);
    return { code: 0, out: 'the rules are gone\n', err: '' };
  }
  return told(verb === 'apply' ? applyCapture(run, options) : verifyCapture(run, options));
}

function told({ backend, missing, foreign }: CaptureReport): CommandOutcome {
  if (missing.length === 0 && foreign.length === 0)
    return { code: 0, out: `the rules are in place (${backend})\n`, err: '' };
  const lines = [...missing.map((rule) => `missing: ${rule}\n`), ...foreign.map((rule) => `not ours: ${rule}\n`)];
  return { code: 1, out: '', err: `the rules are not as they should be (${backend})\n${lines.join('')}` };
}

function readOptions(values: Values, faults: string[]): CaptureOptions {
  const number = (flag: string, usual: number, least: number): number => {
    const text = values[flag];
    if (text === undefined) return usual;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= 65_535) return value;
    faults.push(`--${flag} ${String(text)}: expected ${least} to 65535`);
    return usual;
  };
  const ports = (flag: string, usual: readonly number[]): readonly number[] => {
    const text = values[flag];
    if (typeof text !== 'string') return usual;
    const list = text
      .split(',')
      .filter((word) => word !== '')
      .map(Number);
    if (list.every((port) => Number.isInteger(port) && port > 0 && port < 65_536)) return list;
    faults.push(`--${flag} ${text}: expected ports, joined by commas`);
    return usual;
  };
  const ranges = String(values['exclude-outbound-ranges'] ?? '')
    .split(',')
    .filter((word) => word !== '');
  for (const range of ranges)
    if (!isRange(range)) faults.push(`--exclude-outbound-ranges: "${range}" is no CIDR range`);
  return {
    outboundPort: number('outbound-port', DEFAULT_CAPTURE.outboundPort, 1),
    inboundPort: number('inbound-port', DEFAULT_CAPTURE.inboundPort, 1),
    proxyUid: number('proxy-uid', DEFAULT_CAPTURE.proxyUid, 0),
    proxyGid: number('proxy-gid', DEFAULT_CAPTURE.proxyGid, 0),
    excludeInboundPorts: ports('exclude-inbound-ports', DEFAULT_CAPTURE.excludeInboundPorts),
    excludeOutboundPorts: ports('exclude-outbound-ports', DEFAULT_CAPTURE.excludeOutboundPorts),
    excludeOutboundRanges: ranges,
  };
}

function isRange(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const version = isIP(address);
  return version !== 0 && /^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}
