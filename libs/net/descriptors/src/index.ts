export { libc, type Libc } from './libc.ts';
export { duplicate, peerUserId } from './descriptor.ts';
export { originalDestination, type Destination } from './original-destination.ts';
export { getSocketOption, setSocketOption, type SocketOption } from './socket-option.ts';
export { receive, sendWithDescriptor, type Received } from './pass-descriptors.ts';
export { connectBlocking, closeDescriptor, writeAll } from './blocking-socket.ts';
