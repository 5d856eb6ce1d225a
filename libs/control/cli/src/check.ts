import type { AnalysisRow, AuthorityView, ProxySync, StatusRow } from '@weft/control-debug';
import {
  checkConfiguration,
  checkControlPlane,
  checkProxies,
  checkRoots,
  checkWorkloadCertificates,
  type CheckCategory,
  type ControlPlaneInfo,
  type Registrations,
} from './check-items.ts';
import { CliError, EXIT } from './cli-io.ts';
import { controlPlane, type HttpClient } from './control-plane-client.ts';
import { print } from './output.ts';
import { COMMON_OPTIONS, type Verb } from './verb.ts';

const MARKS = { success: '√', warning: '‼', error: '×' } as const;

export const check: Verb = {
  spec: {
    name: 'check',
    takes: [],
    summary: 'tell what is wrong now: control plane, proxies, certificates, documents',
    about: [
      '√: as it is to be. ‼: works, and is to be looked at. ×: does not work. Below what is not √ stands what is meant, and what to do.',
      'Exits with 0 where nothing is ×, with 1 where something is, and with 3 where the control plane does not answer. Asks over',
      'plain HTTP, so that it works where certificates do not.',
    ],
    options: COMMON_OPTIONS,
    examples: ['weft check', 'weft check -o json'],
  },
  run: async (line, io) => {
    const asked = await ask(controlPlane(io, line), line.text('control-plane'));
    const categories = asked.categories;
    const failed = categories.some(({ checks }) => checks.some(({ result }) => result === 'error'));
    print(io, line, { success: !failed, categories }, () => categories.map(categoryText).join('\n') + verdict(failed));
    if (!asked.answered) return EXIT.unanswered;
    return failed ? EXIT.no : EXIT.done;
  },
};

async function ask(
  client: HttpClient,
  url: string,
): Promise<{ readonly answered: boolean; readonly categories: readonly CheckCategory[] }> {
  let info: ControlPlaneInfo;
  try {
    info = await client.get<ControlPlaneInfo>('/debug/info');
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.misuse) throw error;
    return { answered: false, categories: [checkControlPlane(url, error)] };
  }
  const [proxies, registrations, authority, analysis, status] = await Promise.all([
    client.get<readonly ProxySync[]>('/debug/syncz'),
    client.get<Registrations>('/v1/workloads'),
    orNothing(client.get<AuthorityView>('/debug/caz')),
    info.documentsRead ? client.get<readonly AnalysisRow[]>('/debug/analysis') : [],
    info.documentsRead ? client.get<readonly StatusRow[]>('/debug/status') : [],
  ]);
  return {
    answered: true,
    categories: [
      checkControlPlane(url, info),
      ...(authority === undefined ? [] : [checkRoots(authority)]),
      checkProxies({ proxies, registrations, version: info.version }),
      ...(authority === undefined ? [] : [checkWorkloadCertificates(authority, registrations)]),
      checkConfiguration(analysis, status),
    ],
  };
}

/** A control plane without an authority says so. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.no) return undefined;
    throw error;
  }
}

function categoryText({ name, checks }: CheckCategory): string {
  const rows = checks.map(({ result, description, details, hint }) =>
    [
      `${MARKS[result]} ${description}\n`,
      ...details.map((detail) => `    ${detail.replaceAll('\n', '\n    ')}\n`),
      hint === undefined ? '' : `    see: ${hint}\n`,
    ].join(''),
  );
  return `${name}\n${'-'.repeat(name.length)}\n${rows.join('')}`;
}

function verdict(failed: boolean): string {
  return `\nStatus check results are ${failed ? '×' : '√'}\n`;
}
