import type { Clock, Random } from '@weft/core-runtime';
import type { TracingConfig } from './config.ts';
import type { ResolvedTag } from './span-tags.ts';
import type { SpanReporter } from './zipkin-reporter.ts';

/** What all spans of one connection manager share. */
export interface TracerSettings {
  readonly config: TracingConfig;
  readonly w3c: boolean;
  readonly spawnUpstreamSpan: boolean;
  readonly egress: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly node: { readonly id: string; readonly zone: string };
  readonly reporter: SpanReporter;
  readonly customTags: readonly ResolvedTag[];
}
