import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  file_google_protobuf_struct,
} from '@bufbuild/protobuf/wkt';

const { STRING, INT64, MESSAGE } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;

/** Source: istio.io/api security/v1alpha1/ca.proto, whose package is istio.v1.auth. */
const file = create(FileDescriptorProtoSchema, {
  name: 'security/v1alpha1/ca.proto',
  package: 'istio.v1.auth',
  syntax: 'proto3',
  dependency: ['google/protobuf/struct.proto'],
  messageType: [
    {
      name: 'IstioCertificateRequest',
      field: [
        { name: 'csr', number: 1, type: STRING, label: OPTIONAL, jsonName: 'csr' },
        { name: 'validity_duration', number: 3, type: INT64, label: OPTIONAL, jsonName: 'validityDuration' },
        {
          name: 'metadata',
          number: 4,
          type: MESSAGE,
          typeName: '.google.protobuf.Struct',
          label: OPTIONAL,
          jsonName: 'metadata',
        },
      ],
    },
    {
      name: 'IstioCertificateResponse',
      field: [{ name: 'cert_chain', number: 1, type: STRING, label: REPEATED, jsonName: 'certChain' }],
    },
  ],
});

const files = createFileRegistry(file, (name) =>
  name === 'google/protobuf/struct.proto' ? file_google_protobuf_struct : undefined,
);

function message(name: string): DescMessage {
  return files.getMessage(`istio.v1.auth.${name}`) as DescMessage;
}

export const requestSchema: DescMessage = message('IstioCertificateRequest');
export const responseSchema: DescMessage = message('IstioCertificateResponse');
