// Writes TypeScript declarations of every message of the API into gen/, from the descriptors. Types only: at run time the
// registry reads the descriptors themselves. Does nothing when gen/ already is what these descriptors and this generator make.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const lib = dirname(dirname(fileURLToPath(import.meta.url)));
const gen = join(lib, 'gen');
const require = createRequire(import.meta.url);
const plugin = join(dirname(require.resolve('@bufbuild/protoc-gen-es/package.json')), 'bin/protoc-gen-es');
const [descriptors] = globSync(join(lib, 'descriptors/*.binpb'));
const bytes = readFileSync(descriptors);
const stamp = createHash('sha256')
  .update(bytes)
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(require('@bufbuild/protoc-gen-es/package.json').version)
  .digest('hex');
const stampFile = join(gen, '.stamp');
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

const { file } = fromBinary(FileDescriptorSetSchema, bytes);
const request = create(CodeGeneratorRequestSchema, {
  fileToGenerate: file.map((descriptor) => descriptor.name).filter((name) => !name.startsWith('google/protobuf/')),
  parameter: 'target=dts,import_extension=js',
  protoFile: file,
});
const run = spawnSync(process.execPath, [plugin], {
  input: toBinary(CodeGeneratorRequestSchema, request),
  maxBuffer: 1 << 28,
});
if (run.status !== 0) {
  process.stderr.write(run.stderr);
  process.exit(1);
}
const response = fromBinary(CodeGeneratorResponseSchema, run.stdout);
if (response.error) throw new Error(response.error);
// Written beside and moved in, so that a type check never sees half a tree.
const fresh = `${gen}.${process.pid}`;
rmSync(fresh, { recursive: true, force: true });
const folders = new Set();
for (const { name, content } of response.file) {
  const path = join(fresh, name);
  if (!folders.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  folders.add(dirname(path));
  writeFileSync(path, content);
}
writeFileSync(join(fresh, '.stamp'), stamp);
rmSync(gen, { recursive: true, force: true });
renameSync(fresh, gen);
process.stdout.write(`weft: ${response.file.length} files of API types generated\n`);
