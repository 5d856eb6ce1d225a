/** The form of our own metrics and of sidecars'. Source: Prometheus' exposition formats. */
export const OWN_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const OPEN = 'application/openmetrics-text';
const END = '# EOF\n';

/** Why an answer has no metrics; undefined: it has. A page of something else would spoil everybody's. */
export function metricsFault(answer: { readonly status: number; readonly contentType: string }): string | undefined {
  if (answer.status !== 200) return `it answered ${answer.status}`;
  const type = mediaType(answer.contentType);
  // Who names none means text: clients older than the header.
  return type === '' || type === 'text/plain' || type === OPEN ? undefined : `it answered ${type}, which is no metrics`;
}

export function isOpenMetrics(contentType: string): boolean {
  return mediaType(contentType) === OPEN;
}

/**
 * Metrics in Prometheus' text form as a part of OpenMetrics: without comments and empty lines, counters under the names that they
 * have there. A counter whose name does not end in `_total` is none in OpenMetrics: its type is unknown.
 */
export function asOpenMetrics(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => {
      if (line.trim() === '') return [];
      if (!line.startsWith('#')) return [`${line}\n`];
      const [, word = '', name = '', ...rest] = line.split(' ');
      if (word === 'HELP') return [`# HELP ${familyOf(name)} ${rest.join(' ')}\n`];
      return word === 'TYPE' ? [`# TYPE ${familyOf(name)} ${typeOf(name, rest[0] ?? '')}\n`] : [];
    })
    .join('');
}

/** What ends with the mark that nothing is missing. */
export function wholeOpenMetrics(text: string): string {
  if (text.endsWith(END)) return text;
  const line = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return line.endsWith(END) ? line : line + END;
}

function familyOf(name: string): string {
  return name.replace(/_total$/, '');
}

function typeOf(name: string, type: string): string {
  if (type === 'untyped') return 'unknown';
  return type === 'counter' && !name.endsWith('_total') ? 'unknown' : type;
}

function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}
