export { parseClientHello, type ClientHello, type ClientHelloResult } from './client-hello.ts';
