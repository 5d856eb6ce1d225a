import type { StatusRow } from '../mesh/document-status.ts';
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

/** What the control plane says of each document. */
async function readDocuments(debugPort: number): Promise<readonly StatusRow[]> {
  const response = await fetch(`http://127.0.0.1:${debugPort}/debug/status`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  if (!response.ok) throw new Error(`the control plane answered ${response.status}`);
  return (await response.json()) as readonly StatusRow[];
}

/** Asks every proxy's admin for its stats, and the control plane for its documents, once a second. */
export class Collector {
  readonly #ports: Ports;
  readonly #samples = new Map<ProxyName, StatsSample[]>();
  readonly #onDocuments: () => void;
  #rows: readonly StatusRow[] | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onDocuments` is called after each look at the documents. */
  constructor(ports: Ports, onDocuments: () => void) {
    this.#ports = ports;
    this.#onDocuments = onDocuments;
  }

  /** What the control plane said of each document when it was asked last; undefined before. */
  get rows(): readonly StatusRow[] | undefined {
    return this.#rows;
  }

  start(): void {
    this.#timer = setInterval(() => void this.collect(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes one sample of everybody; who does not answer keeps what was known. */
  async collect(): Promise<void> {
    await Promise.all([this.#collectDocuments(), this.#collectFigures()]);
  }

  async #collectDocuments(): Promise<void> {
    try {
      this.#rows = await readDocuments(this.#ports.controlPlaneDebug);
      this.#onDocuments();
    } catch {
      // As below.
    }
  }

  async #collectFigures(): Promise<void> {
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
