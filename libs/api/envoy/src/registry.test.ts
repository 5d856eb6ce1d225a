import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descriptorFile, messageNames, registry, typeNameOfUrl } from './registry.ts';

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';

describe('the registry', () => {
  it('has the very types that parsing the whole descriptor set gives', () => {
    const whole = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorFile())));
    const namesOf = (types: Iterable<{ readonly typeName: string }>): string[] =>
      [...types].map((type) => type.typeName).sort();
    assert.deepEqual(namesOf(registry()), namesOf(whole));
    const messages = [...whole].filter((type) => type.kind === 'message');
    assert.deepEqual([...messageNames()].sort(), namesOf(messages));
    for (const message of messages) {
      const fields = registry()
        .getMessage(message.typeName)
        ?.fields.map((field) => String(field));
      assert.deepEqual(fields, message.fields.map(String));
    }
  });

  it('gives one descriptor for a type, however it is reached', () => {
    const bootstrap = registry().getMessage(BOOTSTRAP);
    const node = bootstrap?.fields.find((field) => field.name === 'node');
    assert.equal(node?.message, registry().getMessage('envoy.config.core.v3.Node'));
    assert.equal(registry().getFile('envoy/config/bootstrap/v3/bootstrap.proto')?.messages[0], bootstrap);
  });

  it('knows the types that configurations name beside those of Envoy', () => {
    for (const name of [
      'udpa.type.v1.TypedStruct',
      'xds.type.v3.TypedStruct',
      'cel.expr.CheckedExpr',
      'google.rpc.Status',
    ]) {
      assert.equal(registry().getMessage(name)?.typeName, name);
    }
    assert.equal(
      registry().getMessage('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest')?.kind,
      'message',
    );
    assert.equal(registry().getEnum('envoy.config.core.v3.RoutingPriority')?.kind, 'enum');
    assert.equal(registry().getService('envoy.service.discovery.v3.AggregatedDiscoveryService')?.kind, 'service');
    assert.equal(registry().getExtension('validate.rules')?.kind, 'extension');
  });

  it('has nothing under a name of another kind, or none', () => {
    assert.equal(registry().getMessage('envoy.config.core.v3.RoutingPriority'), undefined);
    assert.equal(registry().getEnum(BOOTSTRAP), undefined);
    assert.equal(registry().get('envoy.no.such.Type'), undefined);
    assert.equal(registry().getFile('no/such/file.proto'), undefined);
    assert.equal(typeNameOfUrl(`type.googleapis.com/${BOOTSTRAP}`), BOOTSTRAP);
  });
});

describe('the descriptors', () => {
  it('are the ones whose checksum is beside them', () => {
    const sums = readFileSync(`${dirname(descriptorFile())}/SHA256SUMS`, 'utf8');
    const sum = createHash('sha256').update(readFileSync(descriptorFile())).digest('hex');
    assert.equal(sums, `${sum}  ${descriptorFile().split('/').at(-1)}\n`);
  });

  it('make the types once: a second run leaves them alone', () => {
    const generator = fileURLToPath(new URL('../tools/generate-types.mjs', import.meta.url));
    const stamp = fileURLToPath(new URL('../gen/.stamp', import.meta.url));
    const run = (): string => spawnSync(process.execPath, [generator], { encoding: 'utf8' }).stdout;
    run();
    const before = statSync(stamp).mtimeMs;
    assert.equal(run(), '');
    assert.equal(statSync(stamp).mtimeMs, before);
  });
});
