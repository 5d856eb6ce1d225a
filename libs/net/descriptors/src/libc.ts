import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

type Type = string | Koffi.TypeObject | ReturnType<typeof Koffi.inout>;
type Call = (...args: readonly unknown[]) => number;

/** The functions of the C library that are called here; each returns -1 where it failed, and `failure` says why. */
export interface Libc {
  readonly close: Call;
  readonly connect: Call;
  readonly fcntl: Call;
  readonly getsockopt: Call;
  readonly recvmsg: Call;
  readonly sendmsg: Call;
  readonly setsockopt: Call;
  readonly socket: Call;
  readonly write: Call;
  /** An error that says what was being done, and the system's reason for the last call's failure. */
  failure(doing: string): Error;
}

let loaded: Libc | undefined;

/** The C library of this process. Throws a sentence where it cannot be called: an unknown platform. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  if (process.platform !== 'linux')
    throw new Error(`descriptors cannot be passed on ${process.platform}, only on Linux`);
  // In a bundle the package stays outside: it finds its binary beside itself.
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const iovec = koffi.struct({ base: 'void *', length: 'size_t' });
  // The lay-out of 64-bit Linux, with either C library.
  const message = koffi.struct({
    name: 'void *',
    nameLength: 'uint32_t',
    iov: koffi.pointer(iovec),
    iovLength: 'size_t',
    control: 'void *',
    controlLength: 'size_t',
    flags: 'int',
  });
  const library = koffi.load(null);
  const func = (name: string, result: string, parameters: Type[]): Call =>
    library.func(name, result, parameters) as unknown as Call;
  const names = koffi.os.errno as Readonly<Record<string, number>>;
  return {
    close: func('close', 'int', ['int']),
    connect: func('connect', 'int', ['int', 'void *', 'uint32_t']),
    fcntl: func('fcntl', 'int', ['int', 'int', '...']),
    getsockopt: func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']),
    recvmsg: func('recvmsg', 'long', ['int', koffi.inout(koffi.pointer(message)), 'int']),
    sendmsg: func('sendmsg', 'long', ['int', koffi.pointer(message), 'int']),
    setsockopt: func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t']),
    socket: func('socket', 'int', ['int', 'int', 'int']),
    write: func('write', 'long', ['int', 'void *', 'size_t']),
    failure(doing) {
      const code = koffi.errno();
      const name = Object.keys(names).find((each) => names[each] === code) ?? `errno ${code}`;
      return Object.assign(new Error(`${doing}: ${name}`), { code: name });
    },
  };
}
