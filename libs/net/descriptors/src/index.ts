export { libc, type Libc } from './libc.ts';
export { duplicate, peerUserId } from './descriptor.ts';
export { receive, sendWithDescriptor, type Received } from './pass-descriptors.ts';
export { connectBlocking, closeDescriptor, writeAll } from './blocking-socket.ts';
