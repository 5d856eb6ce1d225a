export { analyze, analyzeSet } from './analyze.ts';
export { CODES, type Code, type CodeInfo, type Level } from './codes.ts';
export type { Message } from './message.ts';
export type { OutputFormat } from './format.ts';
export { runAnalyze, type AnalyzeOutput, type AskControlPlane } from './run-analyze.ts';
