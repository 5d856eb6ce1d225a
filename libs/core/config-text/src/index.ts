export { formatFault, type Fault, type FaultHint, type SourcePosition } from './fault.ts';
export { helpRow, wrapWords } from './help-text.ts';
export { nearest } from './nearest.ts';
export { joinPath, splitPath } from './path.ts';
export {
  nodeOf,
  plainValue,
  type ConfigEntry,
  type ConfigNode,
  type ListNode,
  type MapNode,
  type PositionOf,
  type ScalarNode,
} from './config-tree.ts';
export {
  parseDocuments,
  parseText,
  type ParsedDocument,
  type ParsedDocuments,
  type ParsedText,
  type ParseOptions,
  type TextFormat,
} from './parse-text.ts';
export { unreadable } from './unreadable.ts';
export { jsonScalar, plainScalar } from './yaml-scalar.ts';
