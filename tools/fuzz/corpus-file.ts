import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The inputs of one target that made its parser do something of its own: base64, a line each. */
export class CorpusFile {
  private readonly file: string;

  constructor(folder: string, target: string) {
    this.file = join(folder, `${target}.txt`);
  }
  read(): Buffer[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').filter((line) => line !== ''); // prettier-ignore
    return lines.map((line) => Buffer.from(line, 'base64'));
  }
  write(inputs: readonly Buffer[]): void {
    writeFileSync(this.file, `${inputs.map((input) => input.toString('base64')).join('\n')}\n`);
  }
}
