import { appendFile } from 'node:fs';
import type { Logger } from '@weft/core-runtime';
import type { TlsKeyLog } from '@weft/model-tls';
import { anyContains } from '@weft/model-match';

/** Appends session secrets to a file (NSS key log format), for connections between the configured addresses. */
export class KeyLogFile {
  private readonly config: TlsKeyLog;
  private readonly logger: Logger;
  private failed = false;

  constructor(config: TlsKeyLog, logger: Logger) {
    this.config = config;
    this.logger = logger;
  }

  /** What takes the lines of a connection; undefined for one whose secrets nobody wants. */
  for(local: string | undefined, remote: string | undefined): ((line: Buffer) => void) | undefined {
    const { config } = this;
    if (config.local.length > 0 && !anyContains(config.local, local ?? '')) return undefined;
    if (config.remote.length > 0 && !anyContains(config.remote, remote ?? '')) return undefined;
    return (line) => this.write(line);
  }

  private write(line: Buffer): void {
    appendFile(this.config.path, line, (error) => {
      if (error === null || this.failed) return;
      this.failed = true;
      this.logger.warning(`The TLS key log ${this.config.path} cannot be written: ${error.message}`);
    });
  }
}
