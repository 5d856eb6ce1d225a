import type { BootstrapDefaults, RegistrationHolder } from '@weft/control-registry';
import { after, ownMark, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import { httpCall } from './http-call.ts';

/** One call of the registration API; rejects when it cannot be made. */
export type RegistryCall = (request: {
  readonly method: 'PUT' | 'DELETE';
  readonly namespace: string;
  readonly name: string;
  readonly token: string;
  readonly body: string;
}) => Promise<{ readonly status: number; readonly body: string }>;

export interface RegistrationClientOptions {
  readonly call: RegistryCall;
  readonly namespace: string;
  readonly name: string;
  /** What is registered; `healthy` is added, and which run this is. */
  readonly registration: Readonly<Record<string, unknown>>;
  /** The token to begin with, and again when that of the last answer is refused. */
  readonly token: () => string | undefined;
  readonly runtime: Runtime;
}

/** A refusal that will not change by itself. */
export class RegistrationRefused extends Error {}

/** Another run has the name. */
export class NameTaken extends RegistrationRefused {
  readonly holder: RegistrationHolder;

  constructor(text: string, holder: RegistrationHolder) {
    super(text);
    this.holder = holder;
  }
}

const RETRY_MS = 1000;
const LEASE_MS = 15_000;

interface Answer {
  readonly leaseMs?: number;
  readonly token?: string;
  readonly bootstrap?: Partial<BootstrapDefaults>;
  readonly probe?: unknown;
  readonly error?: string;
  readonly holder?: RegistrationHolder;
}

/** Keeps a workload registered: renews thrice a lease, tells changes of health at once, takes it out at the end. */
export class RegistrationClient {
  private readonly options: RegistrationClientOptions;
  private readonly log: Logger;
  private readonly run: string;
  /** What the control plane says of the sidecar's bootstrap; one of an older version says nothing. */
  bootstrap: Partial<BootstrapDefaults> = {};
  /** How its WorkloadGroup has the program asked for its health (WorkloadGroup.probe); undefined: it does not say. */
  probe: unknown;
  private healthy = false;
  private lease: string | undefined;
  private renewMs = LEASE_MS / 3;
  private timer: Timer | undefined;
  private sending: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private failing = false;

  constructor(options: RegistrationClientOptions) {
    this.options = options;
    this.log = options.runtime.loggers.get('registry');
    this.run = options.runtime.random.hex(16);
  }

  /**
   * Registers, unhealthy. Rejects when the registry refuses or cannot be reached; call again to try again. `replaces`: the run of
   * this name that is known to have ended.
   */
  async register(replaces = ''): Promise<void> {
    if (this.closed) throw new RegistrationRefused('the run has ended');
    await this.put(replaces);
    this.arm(this.renewMs);
  }

  setHealthy(healthy: boolean): void {
    if (this.healthy === healthy) return;
    this.healthy = healthy;
    void this.renew();
  }

  /** Takes the workload out. A registry that cannot be reached forgets it when the lease ends. */
  async deregister(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.timer?.cancel();
    await this.sending;
    try {
      await this.send('DELETE', JSON.stringify({ run: this.run }));
    } catch (error) {
      this.log.warning(`could not take the registration out: ${textOf(error)}`);
    }
  }

  private renew(): Promise<void> {
    if (this.sending !== undefined) this.again = true;
    this.sending ??= this.putUntilSaid().finally(() => (this.sending = undefined));
    return this.sending;
  }

  private async putUntilSaid(): Promise<void> {
    do {
      this.again = false;
      try {
        await this.put();
        if (this.failing) this.log.info('registered again');
        this.failing = false;
        this.arm(this.renewMs);
      } catch (error) {
        if (!this.failing) this.log.warning(`cannot renew the registration: ${textOf(error)}; trying on`);
        this.failing = true;
        this.arm(RETRY_MS);
      }
    } while (this.again && !this.closed);
  }

  private async put(replaces = ''): Promise<void> {
    const { run, healthy, options } = this;
    const process = JSON.stringify(ownMark());
    const said = { ...options.registration, healthy, run, process, ...(replaces === '' ? {} : { replaces }) };
    const answer = await this.send('PUT', JSON.stringify(said));
    this.lease = answer.token ?? this.lease;
    this.bootstrap = answer.bootstrap ?? this.bootstrap;
    this.probe = answer.probe ?? this.probe;
    this.renewMs = (answer.leaseMs ?? LEASE_MS) / 3;
  }

  private async send(method: 'PUT' | 'DELETE', body: string): Promise<Answer> {
    const { call, namespace, name, token } = this.options;
    let answer = await call({ method, namespace, name, token: this.lease ?? token() ?? '', body });
    // The control plane may have been set up anew: its old tokens are worth nothing, a new one may be had.
    if (answer.status === 401 && this.lease !== undefined)
      answer = await call({ method, namespace, name, token: token() ?? '', body });
    const parsed = parse(answer.body);
    if (answer.status === 200 || (method === 'DELETE' && [404, 409].includes(answer.status))) return parsed;
    if (answer.status === 409 && parsed.holder !== undefined) throw new NameTaken(parsed.error ?? '', parsed.holder);
    const text = `the registry answered ${answer.status}: ${parsed.error ?? answer.body.slice(0, 200)}`;
    throw answer.status < 500 ? new RegistrationRefused(text) : new Error(text);
  }

  private arm(ms: number): void {
    this.timer?.cancel();
    if (!this.closed) this.timer = after(this.options.runtime.timers, ms, () => void this.renew());
  }
}

const CALL_TIMEOUT_MS = 5000;

/** The API of a control plane over HTTP, at `http://host:port` or `unix:/path`. */
export function registryAt(server: string): RegistryCall {
  return ({ method, namespace, name, token, body }) =>
    httpCall({
      server,
      method,
      path: `/v1/workloads/${namespace}/${name}`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      timeoutMs: CALL_TIMEOUT_MS,
    });
}

function parse(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
