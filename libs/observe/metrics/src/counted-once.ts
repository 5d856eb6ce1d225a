import { createNullScope, type StatsScope } from '@weft/core-stats';

/**
 * What all workers see alike, because each has the whole configuration: it is counted by the first worker only, where Envoy's
 * main thread counts it. Everything else is traffic, and is added up over workers.
 */
const ALIKE: readonly RegExp[] = [
  /^(?:cluster_manager|runtime|server|control_plane|main_thread)\./,
  /^overload\.(?!.*\.shed_load_count$)/,
  // Envoy counts a listener that was created once for each worker.
  /^listener_manager\.(?!listener_create_)/,
  /\.(?:rds|srds|scoped_rds|vhds|eds|sds|lds|cds)\./,
  /^cluster\..+\.(?:membership_\w+|max_host_weight|version|warming_state|update_\w+|assignment_\w+)$/,
  /^cluster\..+\.(?:lb_subsets_(?:active|created|removed)|lb_recalculate_zone_structures)$/,
  // The limits of circuit breakers are shared by the workers; so is what is left of them.
  /^cluster\..+\.circuit_breakers\./,
  /\.ssl\.certificate\..+\.expiration_unix_time_seconds$/,
];

export function countedByOneWorker(name: string): boolean {
  return ALIKE.some((pattern) => pattern.test(name));
}

const unseen = createNullScope();

/** The same place for the main thread of a proxy with workers: its own traffic counts, what the first worker counts does not. */
export function trafficOf(scope: StatsScope): StatsScope {
  const { prefix = '' } = scope;
  const at = (name: string): StatsScope => (countedByOneWorker(prefix + name) ? unseen.scope(prefix) : scope);
  return {
    prefix,
    counter: (name) => at(name).counter(name),
    gauge: (name) => at(name).gauge(name),
    histogram: (name) => at(name).histogram(name),
    text: (name) => at(name).text(name),
    scope: (more) => trafficOf(scope.scope(more)),
  };
}
