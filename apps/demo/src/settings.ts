import { thereAre } from './cli/nearest.ts';

/** What can be switched, at the start and while the demo runs. */
export interface Settings {
  /** videos-api hangs up on a third of its calls. */
  readonly flaky: boolean;
  /** The sidecar of playlists-api tries failed calls of videos-api again. */
  readonly retries: boolean;
  /** The share of the page's requests that go to version 2, in percent. */
  readonly split: number;
  /** Requests with the cookie version=v2 get version 2, all others version 1. Wins over `split`. */
  readonly canary: boolean;
}

export const DEFAULT_SETTINGS: Settings = { flaky: false, retries: true, split: 0, canary: false };
export type SettingName = keyof Settings;
export const SETTING_NAMES = Object.keys(DEFAULT_SETTINGS) as SettingName[];

export interface ParsedSettings {
  readonly settings: Partial<Settings>;
  /** In words; with any of them nothing is to be changed. */
  readonly faults: readonly string[];
}

/** Reads `{"flaky": true}` as well as `{"flaky": "on"}` and `{"split": "50"}`; every fault is named. */
export function parseSettings(values: Readonly<Record<string, unknown>>): ParsedSettings {
  const settings: { -readonly [K in keyof Settings]?: Settings[K] } = {};
  const faults: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (name === 'split') {
      const share = parseShare(value);
      if (share === undefined)
        faults.push(`split=${String(value)}: expected a whole number from 0 to 100, the share of version 2 in percent`);
      else settings.split = share;
    } else if (name === 'flaky' || name === 'retries' || name === 'canary') {
      const on = parseSwitch(value);
      if (on === undefined) faults.push(`${name}=${String(value)}: expected on or off`);
      else settings[name] = on;
    } else faults.push(`there is no switch "${name}"${thereAre(name, SETTING_NAMES)}`);
  }
  return { settings, faults };
}

function parseSwitch(value: unknown): boolean | undefined {
  if (value === true || value === 'on') return true;
  return value === false || value === 'off' ? false : undefined;
}

function parseShare(value: unknown): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const share = Number(text);
  return share <= 100 ? share : undefined;
}

/** What a user must know about a combination of switches: nothing is ignored without being said. */
export function remarksOn({ flaky, retries, split, canary }: Settings): string[] {
  const remarks: string[] = [];
  if (canary && split > 0)
    remarks.push(
      `canary is on, so split=${split} has no effect: the cookie decides, and the split’s document is taken away. Switch canary off to use the split.`,
    );
  if (flaky && !retries) remarks.push('flaky without retries: about one page in forty is complete (2.6 %).');
  return remarks;
}

/** `flaky=off retries=on split=0 canary=off` */
export function settingsText(settings: Settings): string {
  const onOff = (on: boolean): string => (on ? 'on' : 'off');
  const { flaky, retries, split, canary } = settings;
  return `flaky=${onOff(flaky)} retries=${onOff(retries)} split=${split} canary=${onOff(canary)}`;
}
