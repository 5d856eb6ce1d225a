import { CHAINS, JUMPS, chainRules, restoreText, type CaptureOptions, type IpVersion } from './capture-rules.ts';
import { mustRun, type RunCommand } from './run-command.ts';

/** Which rule sets of the kernel the command writes. Those of both hold at once, so they must not be mixed. */
export type Backend = 'nft' | 'legacy';

/** How the rules stand, for people. */
export interface CaptureReport {
  readonly backend: Backend | 'none';
  /** Rules that should be there and are not. */
  readonly missing: readonly string[];
  /** Rules in our chains that are not ours. */
  readonly foreign: readonly string[];
}

/** Seconds to wait for the lock of another iptables. */
const LOCK_WAIT = '30';

/** One command family on one backend: `iptables-nft`, `ip6tables-legacy` … */
export class Iptables {
  readonly backend: Backend;
  readonly version: IpVersion;
  private readonly run: RunCommand;
  private readonly prefix: string;
  private readonly suffix: string;

  private constructor(backend: Backend, version: IpVersion, { run, plain }: { run: RunCommand; plain: boolean }) {
    this.backend = backend;
    this.version = version;
    this.run = run;
    this.prefix = version === 4 ? 'iptables' : 'ip6tables';
    // On systems with one backend only, the commands have no suffix.
    this.suffix = plain ? '' : `-${backend}`;
  }

  /** The backend that others use here, else the system's own. Undefined: there is none. */
  static find(run: RunCommand, version: IpVersion): Iptables | undefined {
    const prefix = version === 4 ? 'iptables' : 'ip6tables';
    const both = (['legacy', 'nft'] as const).filter((kind) => run(`${prefix}-${kind}`, ['--version']).code === 0);
    const own = run(prefix, ['--version']);
    const usual: Backend | undefined = own.code !== 0 ? undefined : own.out.includes('nf_tables') ? 'nft' : 'legacy';
    const used = both.find((kind) => run(`${prefix}-${kind}-save`, ['-t', 'nat']).out.includes('\n-A '));
    const backend = used ?? usual ?? both.at(-1);
    if (backend === undefined) return undefined;
    return new Iptables(backend, version, { run, plain: !both.includes(backend) });
  }

  /** Puts the rules in place; again changes nothing. Throws an Error with what the command said. */
  apply(options: CaptureOptions): void {
    const missing = JUMPS.filter((jump) => !this.has(jump));
    const text = restoreText(options, this.version, missing);
    mustRun(this.run, this.command('-restore'), ['--noflush', '-w', LOCK_WAIT], text);
  }

  /** Takes everything of ours away; where nothing is, nothing happens. */
  clean(): void {
    for (const jump of JUMPS)
      while (this.has(jump)) mustRun(this.run, this.command(), [...this.locked, '-D', ...jump.split(' ')]);
    for (const step of ['-F', '-X'])
      for (const chain of CHAINS) this.run(this.command(), [...this.locked, step, chain]);
  }

  /** Compares what is there with what should be. */
  verify(options: CaptureOptions): CaptureReport {
    const saved = mustRun(this.run, this.command('-save'), ['-t', 'nat']);
    const there = saved
      .split('\n')
      .filter((line) => line.startsWith('-A '))
      .map((line) => normal(line.slice(3)));
    const wanted = [...chainRules(options, this.version), ...JUMPS].map(normal);
    const ours = there.filter((rule) => CHAINS.some((chain) => rule.startsWith(`${chain} `)));
    return {
      backend: this.backend,
      missing: wanted.filter((rule) => !there.includes(rule)),
      foreign: ours.filter((rule) => !wanted.includes(rule)),
    };
  }

  private has(rule: string): boolean {
    return this.run(this.command(), [...this.locked, '-C', ...rule.split(' ')]).code === 0;
  }

  private get locked(): readonly string[] {
    return ['-w', LOCK_WAIT, '-t', 'nat'];
  }

  private command(tail = ''): string {
    return `${this.prefix}${this.suffix}${tail}`;
  }
}

/** Both say the same in slightly different words: quotes, `-m tcp`, the order of address and interface. */
function normal(rule: string): string {
  const words = rule.replaceAll('"', '').split(' ');
  const [chain = '', ...rest] = words;
  const parts = rest.join(' ').split(/ (?=(?:! )?-)/);
  return [chain, ...parts.filter((part) => part !== '-m tcp').sort()].join(' ');
}
