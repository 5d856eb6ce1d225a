/** 0, 0.4, 7.3, 583 */
export function rate(value) {
  return value >= 100 || value === 0 ? String(Math.round(value)) : value.toFixed(1);
}

/** Two figures that matter: 0.4 ms, 14 ms, 1.2 s; a dash when nothing is known. */
export function time(ms) {
  if (ms === null) return '–';
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** 100 %, 99.97 %, 66.7 %; never 100 % when something failed. */
export function percent(value) {
  if (value === null) return '–';
  if (value === 100 || value === 0) return `${value} %`;
  const text = value.toFixed(value > 99 ? 2 : 1);
  return `${Number(text) === 100 ? '99.99' : text} %`;
}

/** How well an edge does, as a class name; empty when it was never used. */
export function grade(successPercent) {
  if (successPercent === null) return '';
  if (successPercent >= 99.9) return 'good';
  return successPercent >= 75 ? 'fair' : 'bad';
}
