export { originalDstFactory, originalDstSupport } from './original-dst.ts';
