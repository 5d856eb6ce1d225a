/**
 * What one check found. `unhealthy`: the host itself says so, or answers wrongly; `failed`: the same, and may pass;
 * `network`: no connection, or it broke; `timeout`: nothing came in time.
 */
export type ProbeOutcome = 'healthy' | 'degraded' | 'unhealthy' | 'failed' | 'network' | 'timeout';

/** One check under way. `done` is called once, unless it is cancelled. */
export interface Probe {
  start(): void;
  cancel(): void;
}

/** Whoever began a check. */
export interface ProbeOwner {
  onProbe(outcome: ProbeOutcome): void;
}
