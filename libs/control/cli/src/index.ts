export { VERBS, type ListedVerb } from './verbs.ts';
export { EXIT, fetchHttp, type CliIo, type HttpReply, type HttpRequest } from './cli-io.ts';
