import type { CaptureOptions } from './capture-rules.ts';
import { Iptables, type CaptureReport } from './iptables.ts';
import type { RunCommand } from './run-command.ts';

const NONE: CaptureReport = {
  backend: 'none',
  missing: ['iptables is not installed, or this user may not use it'],
  foreign: [],
};

/** Redirects this network's traffic to the sidecar, IPv4 and, where there is any, IPv6. Throws when it cannot. */
export function applyCapture(run: RunCommand, options: CaptureOptions): CaptureReport {
  const four = Iptables.find(run, 4);
  if (four === undefined) return NONE;
  four.apply(options);
  // Without rules of its own IPv6 would lead past the sidecar; a kernel without it has nothing to lead past.
  if (hasIpv6(run)) Iptables.find(run, 6)?.apply(options);
  return verifyCapture(run, options);
}

/** What is not as it should be; nothing where everything is. */
export function verifyCapture(run: RunCommand, options: CaptureOptions): CaptureReport {
  const four = Iptables.find(run, 4);
  if (four === undefined) return NONE;
  const report = four.verify(options);
  const six = hasIpv6(run) ? Iptables.find(run, 6)?.verify(options) : undefined;
  const named = (rules: readonly string[] = []): readonly string[] => rules.map((rule) => `${rule} (IPv6)`);
  return {
    backend: report.backend,
    missing: [...report.missing, ...named(six?.missing)],
    foreign: [...report.foreign, ...named(six?.foreign)],
  };
}

/** Takes the rules away. */
export function cleanCapture(run: RunCommand): void {
  Iptables.find(run, 4)?.clean();
  if (hasIpv6(run)) Iptables.find(run, 6)?.clean();
}

function hasIpv6(run: RunCommand): boolean {
  const { code, out } = run('ip', ['-6', 'addr', 'show']);
  return code === 0 && out.includes('inet6') && run('ip6tables', ['-w', '5', '-t', 'nat', '-S']).code === 0;
}
