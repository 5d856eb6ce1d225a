import type { FuzzTarget } from '../target.ts';
import { bootstrap } from './bootstrap.ts';
import { clientHello } from './client-hello.ts';
import { h1Requests } from './h1-requests.ts';
import { h1Responses } from './h1-responses.ts';
import { h2Requests, h2Responses } from './h2-frames.ts';
import { hpack } from './hpack.ts';
import { proxyHeader } from './proxy-header.ts';
import { resp } from './resp.ts';

export const TARGETS: readonly FuzzTarget[] = [
  h1Requests,
  h1Responses,
  hpack,
  h2Requests,
  h2Responses,
  proxyHeader,
  clientHello,
  resp,
  bootstrap,
];
