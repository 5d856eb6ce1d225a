import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WORKSPACE } from './processes.ts';
import { digestOfFolder, firstLineOf, inCache } from './program-cache.ts';

const run = promisify(execFile);
const NEEDS = 'the Java control plane cannot be built (mvn and a JDK of version 17 are needed)';
const SOURCE = join(WORKSPACE, 'tools/conformance/java/control-plane');

export interface JavaProgram {
  /** Arguments of `java` that start it. */
  readonly args: readonly string[];
}

/** Our control plane on java-control-plane, compiled into the workspace's cache (once), or a line that says why there is none. */
export async function findJavaControlPlane(): Promise<JavaProgram | { readonly reason: string }> {
  const home = join(WORKSPACE, '.cache/java', `control-plane-${digestOfFolder(SOURCE)}`);
  try {
    await inCache(home, compile);
    const libraries = (await readFile(join(home, 'class-path'), 'utf8')).trim();
    return { args: ['-Xmx200m', '-cp', `${home}:${libraries}`, 'ControlPlane'] };
  } catch (error) {
    return { reason: `${NEEDS}: ${firstLineOf(error)}` };
  }
}

async function compile(folder: string): Promise<string> {
  const home = join(folder, 'control-plane');
  await mkdir(home);
  const list = join(home, 'class-path');
  const maven = ['-q', '-B', 'dependency:build-classpath', `-Dmdep.outputFile=${list}`, '-Dmdep.includeScope=runtime'];
  await run('mvn', maven, { cwd: SOURCE });
  const libraries = (await readFile(list, 'utf8')).trim();
  await run('javac', ['-d', home, '-cp', libraries, 'ControlPlane.java'], { cwd: SOURCE });
  return home;
}
