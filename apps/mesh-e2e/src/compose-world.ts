import { join } from 'node:path';
import { call, WORKSPACE, type DockerStack } from '@weft/testing-harness';
import { DockerComposeEnvironment, type StartedDockerComposeEnvironment } from 'testcontainers';

// The suites call the loopback. Left to itself the library looks for the engine's bridge on a machine that is itself made
// from an image (/.dockerenv), and ports that are published on 127.0.0.1 do not answer there.
process.env['TESTCONTAINERS_HOST_OVERRIDE'] ??= '127.0.0.1';

export interface ComposeProject {
  /** The folder of docker-compose.yaml, from the workspace's root. */
  readonly folder: string;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a project, or brings a running one to another environment: what that changes is made anew, the rest stays. */
export function composeUp(stack: DockerStack, project: ComposeProject): Promise<StartedDockerComposeEnvironment> {
  const environment = new DockerComposeEnvironment(join(WORKSPACE, project.folder), 'docker-compose.yaml')
    .withProjectName(project.name)
    .withEnvironment(project.env ?? {})
    // The cleaner is a container of an image that only a registry has; the suites clean up themselves.
    .withAutoCleanup(false);
  const program = stack.ready ? stack.standaloneCompose : undefined;
  if (program === undefined) return environment.up();
  return environment.withClientOptions({ executable: { executablePath: program, standalone: true } }).up();
}

/** The counters and gauges of a proxy whose names match. */
export async function proxyStats(adminPort: number, filter: string): Promise<ReadonlyMap<string, number>> {
  const { body } = await call({ port: adminPort, path: `/stats?filter=${encodeURIComponent(filter)}` });
  const lines = body.trim().split('\n');
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(':')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}
