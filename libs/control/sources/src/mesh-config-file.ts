import type { TextPiece } from './split-text.ts';

/** A file with the mesh's defaults as istiod reads them (`meshConfig`): fields of MeshConfig, without a document around them. */
export interface MeshConfigFile {
  readonly file: string;
  /** Of the ConfigMap that it stands for: the mesh's root namespace. */
  readonly namespace: string;
}

const INDENT = 2;

/** The file as the ConfigMap `istio` that it could as well lie in; one that is such a document already, as it is. */
export function meshConfigPiece(text: string, namespace: string): TextPiece {
  if (/^kind:\s*["']?ConfigMap\b/m.test(text)) return { text, line: 1 };
  const head = [
    'apiVersion: v1',
    'kind: ConfigMap',
    `metadata: {name: istio, namespace: ${JSON.stringify(namespace)}}`,
    'data:',
    ` mesh: |${INDENT - 1}`,
  ];
  const lines = text.split('\n').map((line) => (line.trim() === '' ? '' : ' '.repeat(INDENT) + line));
  return { text: `${[...head, ...lines].join('\n')}\n`, line: 1 - head.length, indent: INDENT };
}
