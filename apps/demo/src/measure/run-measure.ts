import type { MeasureOptions } from '../cli/options.ts';
import type { RunState } from '../run-state.ts';

export function runMeasure(_state: RunState, _options: MeasureOptions, _out: (line: string) => void): Promise<void> {
  return Promise.resolve();
}
