// Writes the index of the API's descriptors into a folder, for a bundle:
//   node --conditions=@weft/source write-index.mjs FOLDER
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { indexDescriptors } from '../src/descriptor-index.ts';
import { descriptorFile } from '../src/registry.ts';
import { writeIndex } from '../src/written-index.ts';

const set = readFileSync(descriptorFile());
const name = basename(descriptorFile()).replace(/binpb$/, 'index');
writeFileSync(join(process.argv[2], name), writeIndex(indexDescriptors(set), set.length));
