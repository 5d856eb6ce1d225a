import { runDemo } from './cli/run-demo.ts';

await runDemo(process.argv.slice(2), process.env);
