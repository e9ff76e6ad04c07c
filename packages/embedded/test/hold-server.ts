import { type PostgresOptions, startPostgres } from '../src/index.ts';
import { query } from './query.ts';

// Starts a server, prints its connection string, and waits. On SIGINT it runs a last query before it exits.
const server = await startPostgres(JSON.parse(process.argv[2] ?? '{}') as PostgresOptions);
const { connectionString, pid } = server;
process.once('SIGINT', () => {
  void query(connectionString, 'select pg_sleep(0.3)').then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.stdout.write(`${JSON.stringify({ connectionString, pid })}\n`);
setInterval(() => {}, 60_000); // the server does not keep the process alive
