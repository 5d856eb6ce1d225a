import { LOG_LEVELS, type LogLevel, type Loggers } from '@weft/core-runtime';
import type { AdminReply } from './admin-source.ts';
import { textReply } from './endpoint.ts';

/** POST /logging: `level` for all loggers, `paths` for several, `<name>=<level>` for one; always answers with all levels. */
export function logging(loggers: Loggers, params: URLSearchParams): AdminReply {
  // An empty field of the index page's form means "leave it".
  const given = [...params].filter(([, value]) => value !== '');
  const fault = given.length > 1 ? 'invalid number of parameters' : change(loggers, given[0]);
  if (fault !== undefined) return textReply(`error: ${fault}\n\n${usage()}${listing(loggers)}`, 400);
  return textReply(listing(loggers));
}

function change(loggers: Loggers, parameter: [name: string, value: string] | undefined): string | undefined {
  if (parameter === undefined) return undefined;
  const [name, value] = parameter;
  if (name === 'level') {
    if (!isLevel(value)) return 'unknown logger level';
    loggers.setAll(value);
    return undefined;
  }
  const pairs = name === 'paths' ? value.split(',').map((pair) => pair.split(':')) : [[name, value]];
  const known = new Map(loggers.all().map((logger) => [logger.name, logger]));
  // All are checked before any is changed: a faulty request changes nothing.
  for (const [logger = '', level = ''] of pairs) {
    if (!isLevel(level)) return 'unknown logger level';
    if (!known.has(logger)) return 'unknown logger name';
  }
  for (const [logger = '', level = ''] of pairs) {
    const target = known.get(logger);
    if (target !== undefined && isLevel(level)) target.level = level;
  }
  return undefined;
}

function usage(): string {
  return `usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
levels: ${LOG_LEVELS.join(' ')}
`;
}

function listing(loggers: Loggers): string {
  return `active loggers:\n${loggers
    .all()
    .map((logger) => `  ${logger.name}: ${logger.level}\n`)
    .join('')}\n`;
}

function isLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}
