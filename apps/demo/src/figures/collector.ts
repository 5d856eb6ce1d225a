import { appEdgesOf, edgesOf, PROXIES, type ProxyName } from '../topology.ts';
import type { Ports } from '../ports.ts';
import { edgeFigures, type EdgeFigures } from './edge-figures.ts';
import { parseStats, type StatsSample } from './stats-sample.ts';

const EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 900;
/** Rates are over this many samples less one, in seconds. */
const WINDOW = 5;

/** One look at a proxy's stats: all below `cluster.` and `http.`, and what the figures need of those below `redis.`. */
export async function readStats(adminPort: number): Promise<StatsSample> {
  const filter = encodeURIComponent('^(cluster|http)\\.|^redis\\..+\\.(downstream_|command\\..*\\.(total|error)$)');
  const response = await fetch(`http://127.0.0.1:${adminPort}/stats?format=json&filter=${filter}`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  return parseStats(await response.text(), performance.now());
}

/** Asks every proxy's admin for its stats, once a second. */
export class Collector {
  readonly #ports: Ports;
  readonly #samples = new Map<ProxyName, StatsSample[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  start(): void {
    this.#timer = setInterval(() => void this.collect(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes one sample of every proxy; one that does not answer keeps its old figures. */
  async collect(): Promise<void> {
    await Promise.all(
      PROXIES.map(async ({ name, admin }) => {
        try {
          const sample = await readStats(this.#ports[admin]);
          this.#samples.set(name, [...(this.#samples.get(name) ?? []), sample].slice(-WINDOW));
        } catch {
          // It starts, ends, or is busy: the next second tells.
        }
      }),
    );
  }

  /** The edges of the graph, in the order of the topology. */
  edges(): EdgeFigures[] {
    return edgesOf(this.#ports).flatMap((edge) => edgeFigures(edge, this.#samples.get(edge.proxy) ?? []) ?? []);
  }

  /** What each service answers its own sidecar. */
  apps(): EdgeFigures[] {
    return appEdgesOf(this.#ports).flatMap((edge) => edgeFigures(edge, this.#samples.get(edge.proxy) ?? []) ?? []);
  }
}
