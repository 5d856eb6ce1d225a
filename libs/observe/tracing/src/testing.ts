import { RequestHeaderMap, StreamInfo, socketAddress } from '@weft/core-http';
import type { Clock, FractionalPercent, RuntimeSnapshot } from '@weft/core-runtime';
import type { ReportOutcome, SpanReport, SpanTransport } from './zipkin-reporter.ts';

/** A collector in memory: keeps the reports and answers them all with `outcome`, or when told to. */
export class FakeCollector implements SpanTransport {
  readonly reports: SpanReport[] = [];
  outcome: ReportOutcome | 'later' = 202;
  private readonly waiting: ((outcome: ReportOutcome) => void)[] = [];

  post(report: SpanReport, done: (outcome: ReportOutcome) => void): void {
    this.reports.push(report);
    if (this.outcome === 'later') this.waiting.push(done);
    else done(this.outcome);
  }

  answerAll(outcome: ReportOutcome): void {
    for (const done of this.waiting.splice(0)) done(outcome);
  }

  /** All spans of all reports, parsed. */
  get spans(): Record<string, unknown>[] {
    return this.reports.flatMap((report) => JSON.parse(report.body) as Record<string, unknown>[]);
  }
}

/** A runtime of a few keys. */
export function fakeFlags(values: Readonly<Record<string, number>> = {}): RuntimeSnapshot {
  return {
    get: (key) => values[key]?.toString(),
    integer: (key, otherwise) => values[key] ?? otherwise,
    boolean: (_key, otherwise) => otherwise,
    enabled: (key, otherwise: FractionalPercent, draw) =>
      draw % otherwise.denominator < (values[key] ?? otherwise.numerator),
  };
}

/** A request from 10.0.0.1 that began now. */
export function fakeStream(
  clock: Clock,
  path: string,
  headers: string[] = [],
): { request: RequestHeaderMap; info: StreamInfo } {
  const info = new StreamInfo(
    {
      id: 1,
      localAddress: socketAddress('127.0.0.1', 80),
      directRemoteAddress: socketAddress('10.0.0.1', 5000),
      tls: false,
      requestedServerName: '',
    },
    clock.nowMs(),
    clock.wallMs(),
  );
  const request = new RequestHeaderMap('GET', path, 'shop.example', [
    'x-request-id',
    '00000001-0000-4000-8000-000000000000',
    ...headers,
  ]);
  info.requestId = request.get('x-request-id') ?? '';
  return { request, info };
}
