import { captureCommand, runCommand } from '@weft/agent-capture';

const { code, out, err } = captureCommand(process.argv.slice(2), runCommand);
process.stdout.write(out);
process.stderr.write(err);
process.exitCode = code;
