export { Listener } from './listener.ts';
