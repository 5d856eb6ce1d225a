import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Switches of a service that may change while it runs. */
export interface Settings {
  /** The value of a switch right now: from the settings file if it has it, else from the environment. */
  get(name: string): string | undefined;
  close(): void;
}

export interface SettingsSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called with each new set of values from the file. */
  readonly onChange?: (values: ReadonlyMap<string, string>) => void;
}

/**
 * Reads switches from the environment, and from the file that `SETTINGS_FILE` names, if it is set: lines of `NAME=value`,
 * `#` starts a comment. The folder of the file must exist, the file need not. The folder is watched, not the file, so
 * that a file moved into place is seen (as is the change of a mounted ConfigMap).
 */
export function openSettings({ env, onChange = () => {} }: SettingsSources): Settings {
  const file = env['SETTINGS_FILE'];
  if (file === undefined || file === '') return { get: (name) => env[name], close: () => {} };
  let text = readText(file);
  let values = parseSettings(text);
  const watcher = watch(dirname(file), () => {
    const next = readText(file);
    if (next === text) return;
    text = next;
    values = parseSettings(text);
    onChange(values);
  });
  return { get: (name) => values.get(name) ?? env[name], close: () => watcher.close() };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function parseSettings(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  return values;
}
