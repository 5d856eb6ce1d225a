import { runControlPlane } from '@weft/control-server';

await runControlPlane(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  onSignal: (signal, task) => process.on(signal, task),
  exit: (code) => process.exit(code),
});
