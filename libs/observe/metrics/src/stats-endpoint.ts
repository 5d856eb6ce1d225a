import { statsJson } from './json.ts';
import { PrometheusFormatter } from './prometheus.ts';
import { select } from './selection.ts';
import { parseStatsQuery, type RegexCompiler } from './stats-query.ts';
import type { StatsStore } from './stats-store.ts';
import { statsText } from './text.ts';

const TEXT = 'text/plain; charset=UTF-8';

export interface StatsReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers /stats and /stats/prometheus for a store. Fits the admin server's AdminStats. */
export class StatsEndpoint {
  private readonly store: StatsStore;
  private readonly compile: RegexCompiler;
  private readonly prometheus: PrometheusFormatter;

  constructor(store: StatsStore, compile: RegexCompiler, prometheus = new PrometheusFormatter()) {
    this.store = store;
    this.compile = compile;
    this.prometheus = prometheus;
  }

  render(params: URLSearchParams, prometheus: boolean): StatsReply {
    const query = parseStatsQuery(params, prometheus, this.compile);
    if (typeof query === 'string') return { status: 400, contentType: TEXT, body: query };
    const selection = select(this.store, query);
    switch (query.format) {
      case 'json':
        return { status: 200, contentType: 'application/json', body: statsJson(selection, query.buckets) };
      case 'prometheus':
        return { status: 200, contentType: TEXT, body: this.prometheus.format(selection, query.buckets) };
      case 'text':
        return { status: 200, contentType: TEXT, body: statsText(selection, query.buckets) };
    }
  }

  resetCounters(): void {
    this.store.resetCounters();
  }
}
