import type { Logger } from '@weft/core-runtime';
import type { IncomingHttpHeaders } from 'node:http';
import { asOpenMetrics, isOpenMetrics, metricsFault, OWN_TYPE, wholeOpenMetrics } from './metrics-text.ts';

/** One answer to a request for metrics. */
export interface MetricsAnswer {
  readonly status: number;
  /** `''`: the answer names none. */
  readonly contentType: string;
  readonly body: string;
}

/** Asks for metrics once. Rejects when there is no answer in time. */
export type AskForMetrics = (ask: { readonly accept: string; readonly timeoutMs: number }) => Promise<MetricsAnswer>;

export interface MetricsMergeOptions {
  readonly sidecar: AskForMetrics;
  /** Undefined: the program has none. */
  readonly program: AskForMetrics | undefined;
  /** How long the certificate is still good, in seconds; undefined: there is none. */
  readonly certificateSeconds: () => number | undefined;
  readonly log: Logger;
}

type Source = 'envoy' | 'application';

const TEXT = 'text/plain;version=0.0.4';
const TIMEOUT_MS = 10_000;
/** Of the scraper's patience: the rest is for putting things together. */
const SHARE = 0.9;
/** What we can put together with the sidecar's text. */
const MERGEABLE = /^(?:text\/plain|text\/\*|\*\/\*|application\/openmetrics-text)\s*(?:;|$)/i;

/**
 * The metrics of agent, sidecar and program as one answer. Whoever does not answer is left out and counted; the others are there all
 * the same. Source: Istio's agent, `/stats/prometheus` on 15020, and the names of its metrics.
 */
export class MetricsMerge {
  private readonly options: MetricsMergeOptions;
  private scrapes = 0;
  private readonly failures: Record<Source, number> = { envoy: 0, application: 0 };
  private readonly failing = new Set<Source>();

  constructor(options: MetricsMergeOptions) {
    this.options = options;
  }

  async scrape(headers: IncomingHttpHeaders): Promise<{ readonly contentType: string; readonly body: string }> {
    this.scrapes += 1;
    const { sidecar, program } = this.options;
    const timeoutMs = timeoutOf(headers);
    const [envoy, application] = await Promise.all([
      this.ask('envoy', sidecar, { accept: TEXT, timeoutMs }),
      program === undefined ? undefined : this.ask('application', program, { accept: acceptOf(headers), timeoutMs }),
    ]);
    const before = line(this.own()) + line(envoy?.body ?? '');
    if (application === undefined || !isOpenMetrics(application.contentType))
      return { contentType: OWN_TYPE, body: before + line(application?.body ?? '') };
    // It goes last: its end is the end of everything.
    return { contentType: application.contentType, body: asOpenMetrics(before) + wholeOpenMetrics(application.body) };
  }

  private async ask(
    source: Source,
    from: AskForMetrics,
    ask: Parameters<AskForMetrics>[0],
  ): Promise<MetricsAnswer | undefined> {
    let fault: string | undefined;
    try {
      const answer = await from(ask);
      fault = metricsFault(answer);
      if (fault === undefined) {
        this.failing.delete(source);
        return answer;
      }
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
    this.failures[source] += 1;
    const name = source === 'envoy' ? 'the sidecar' : 'the program';
    if (!this.failing.has(source)) this.options.log.warning(`no metrics of ${name}: ${fault}`);
    this.failing.add(source);
    return undefined;
  }

  private own(): string {
    const seconds = this.options.certificateSeconds();
    return [
      '# HELP istio_agent_scrapes_total Scrapes of this address.',
      '# TYPE istio_agent_scrapes_total counter',
      `istio_agent_scrapes_total ${this.scrapes}`,
      '# HELP istio_agent_scrape_failures_total Scrapes in which one of those asked had no metrics to give.',
      '# TYPE istio_agent_scrape_failures_total counter',
      ...Object.entries(this.failures).map(([type, n]) => `istio_agent_scrape_failures_total{type="${type}"} ${n}`),
      ...(seconds === undefined
        ? []
        : [
            '# HELP istio_agent_cert_expiry_seconds Seconds until the certificate ends.',
            '# TYPE istio_agent_cert_expiry_seconds gauge',
            `istio_agent_cert_expiry_seconds{resource_name="default"} ${seconds}`,
          ]),
    ].join('\n');
  }
}

function line(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function timeoutOf(headers: IncomingHttpHeaders): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds']);
  return seconds > 0 ? seconds * 1000 * SHARE : TIMEOUT_MS;
}

/** Of what the scraper takes, the forms that can be merged: a sidecar's text and protobuf cannot. */
function acceptOf({ accept = '' }: IncomingHttpHeaders): string {
  const wanted = accept
    .split(',')
    .map((one) => one.trim())
    .filter((one) => MERGEABLE.test(one));
  return wanted.length === 0 ? TEXT : wanted.join(', ');
}
