import { setInterval } from 'node:timers';
import { type PostgresOptions, startPostgres } from '../src/index.ts';

const server = await startPostgres(JSON.parse(process.argv[2] ?? '{}') as PostgresOptions);
const { connectionString, pid } = server;
process.stdout.write(`${JSON.stringify({ connectionString, pid })}\n`);
setInterval(() => {}, 60_000); // a server alone would not keep the process alive
