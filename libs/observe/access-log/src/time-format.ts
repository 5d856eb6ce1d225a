import { localOffsetMinutes } from '@weft/core-runtime';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] as const; // prettier-ignore
const DAY_SECONDS = 86_400;

/** A moment by its parts, in UTC or in the machine's time zone. Months and days of the month count from 1. */
interface CivilTime {
  readonly epochSeconds: number;
  readonly nanos: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly secondOfDay: number;
  /** Of the zone, east of Greenwich. */
  readonly offsetMinutes: number;
}

type Piece = string | ((time: CivilTime) => string);

/** Formats wall-clock milliseconds. */
export type TimeFormat = (wallMs: number) => string;

/**
 * Compiles the format of START_TIME: strftime's conversions, Envoy's `%3f` … `%9f` (digits of the fraction) and `%E3S`
 * (seconds with fraction). Anything else after a percent sign stays as it is written. The text of a second is kept until
 * the next one, since most requests of a second share it.
 */
export function compileTimeFormat(format: string, local = false): TimeFormat {
  const pieces = parse(format);
  const hasFraction = /%(?:E[\d*]|[1-9]?f)/.test(format);
  let keptFor = NaN;
  let kept = '';
  return (wallMs) => {
    const key = hasFraction ? wallMs : Math.floor(wallMs / 1000);
    if (key !== keptFor) {
      const time = civilTime(wallMs, local ? localOffsetMinutes(wallMs) : 0);
      kept = '';
      for (const piece of pieces) kept += typeof piece === 'string' ? piece : piece(time);
      keptFor = key;
    }
    return kept;
  };
}

/** `2026-11-21T05:24:37.165Z`: the default of START_TIME. */
export function createIsoTime(local = false): TimeFormat {
  let keptSecond = NaN;
  let prefix = '';
  let suffix = 'Z';
  const seconds = parse('%Y-%m-%dT%H:%M:%S');
  return (wallMs) => {
    const second = Math.floor(wallMs / 1000);
    if (second !== keptSecond) {
      const time = civilTime(wallMs, local ? localOffsetMinutes(wallMs) : 0);
      if (local) suffix = offset(time);
      prefix = '';
      for (const piece of seconds) prefix += typeof piece === 'string' ? piece : piece(time);
      keptSecond = second;
    }
    const ms = Math.floor(wallMs - second * 1000);
    return `${prefix}.${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}${suffix}`;
  };
}

function parse(format: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of format.matchAll(/%(?:E([\d*])S|([1-9])?f|Ez|([A-Za-z%]))/g)) {
    if (match.index > at) pieces.push(format.slice(at, match.index));
    pieces.push(conversion(match));
    at = match.index + match[0].length;
  }
  if (at < format.length) pieces.push(format.slice(at));
  return pieces;
}

function conversion([text, secondDigits, fractionDigits, letter]: RegExpExecArray): Piece {
  if (secondDigits !== undefined) {
    const digits = secondDigits === '*' ? 9 : Number(secondDigits);
    return (time) => {
      const fraction = digits === 0 ? '' : `.${pad(time.nanos, 9).slice(0, digits)}`;
      return pad(time.secondOfDay % 60) + (secondDigits === '*' ? fraction.replace(/\.?0+$/, '') : fraction);
    };
  }
  if (text === '%Ez') return (time) => offset(time).replace(/..$/, ':$&');
  if (letter === undefined) return (time) => pad(time.nanos, 9).slice(0, Number(fractionDigits ?? 9));
  return CONVERSIONS[letter] ?? text;
}

const hour = (time: CivilTime): number => Math.floor(time.secondOfDay / 3600);
const minute = (time: CivilTime): number => Math.floor(time.secondOfDay / 60) % 60;
const weekday = (time: CivilTime): number =>
  (((Math.floor((time.epochSeconds + time.offsetMinutes * 60) / DAY_SECONDS) + 4) % 7) + 7) % 7;
const clock = (time: CivilTime): string => `${pad(hour(time))}:${pad(minute(time))}`;
const month = (time: CivilTime): string => MONTHS[time.month - 1] as string;

function offset({ offsetMinutes }: CivilTime): string {
  const minutes = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`;
}

const CONVERSIONS: Readonly<Record<string, Piece>> = {
  Y: (time) => String(time.year),
  y: (time) => pad(time.year % 100),
  m: (time) => pad(time.month),
  d: (time) => pad(time.day),
  e: (time) => String(time.day).padStart(2, ' '),
  j: (time) => pad(dayOfYear(time), 3),
  H: (time) => pad(hour(time)),
  I: (time) => pad(((hour(time) + 11) % 12) + 1),
  p: (time) => (hour(time) < 12 ? 'AM' : 'PM'),
  M: (time) => pad(minute(time)),
  S: (time) => pad(time.secondOfDay % 60),
  s: (time) => String(time.epochSeconds),
  a: (time) => (DAYS[weekday(time)] as string).slice(0, 3),
  A: (time) => DAYS[weekday(time)] as string,
  b: (time) => month(time).slice(0, 3),
  h: (time) => month(time).slice(0, 3),
  B: month,
  u: (time) => String(weekday(time) || 7),
  w: (time) => String(weekday(time)),
  F: (time) => `${time.year}-${pad(time.month)}-${pad(time.day)}`,
  D: (time) => `${pad(time.month)}/${pad(time.day)}/${pad(time.year % 100)}`,
  T: (time) => `${clock(time)}:${pad(time.secondOfDay % 60)}`,
  R: clock,
  z: offset,
  Z: (time) => (time.offsetMinutes === 0 ? 'UTC' : offset(time)),
  n: '\n',
  t: '\t',
  '%': '%',
};

/** The date by Howard Hinnant's days-from-civil algorithm, run backwards: years begin in March, so that leap days end them. */
function civilTime(wallMs: number, offsetMinutes: number): CivilTime {
  const epochSeconds = Math.floor(wallMs / 1000);
  const zoneSeconds = epochSeconds + offsetMinutes * 60;
  const days = Math.floor(zoneSeconds / DAY_SECONDS);
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfMarchYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfMarchYear + 2) / 153);
  const monthNumber = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    epochSeconds,
    nanos: Math.round((wallMs - epochSeconds * 1000) * 1e6),
    year: yearOfEra + era * 400 + (monthNumber <= 2 ? 1 : 0),
    month: monthNumber,
    day: dayOfMarchYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    secondOfDay: zoneSeconds - days * DAY_SECONDS,
    offsetMinutes,
  };
}

function dayOfYear({ year, month: number, day }: CivilTime): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][number - 1] as number;
  return before + day + (leap && number > 2 ? 1 : 0);
}

function pad(number: number, digits = 2): string {
  return String(number).padStart(digits, '0');
}
