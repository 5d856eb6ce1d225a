import type { Settings } from '../settings.ts';
import { gatewayDocuments, securityDocuments } from './gateway.ts';
import type { MeshDocument } from './document.ts';
import { serviceDocuments, type ForeignRedis } from './services.ts';
import { switchDocuments } from './switches.ts';
import { toYaml } from './yaml.ts';

/** What the documents depend on, beside the switches. */
export interface MeshFacts {
  readonly gatewayPort: number;
  readonly redis: ForeignRedis | undefined;
}

/** The whole mesh: one idea a document. */
export function meshDocuments({ gatewayPort, redis }: MeshFacts, settings: Settings): MeshDocument[] {
  return [
    ...gatewayDocuments(gatewayPort),
    ...switchDocuments(settings),
    ...securityDocuments(),
    ...serviceDocuments(redis),
  ];
}

export function documentText({ comment, hint, resource }: MeshDocument): string {
  const lines = [comment, ...(hint === undefined ? [] : [hint])].map((line) => `# ${line}\n`);
  return `${lines.join('')}${toYaml({ ...resource, metadata: { ...resource.metadata } })}`;
}
