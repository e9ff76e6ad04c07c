import { join } from 'node:path';
import { programFile } from '../binaries/platform.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { dataArgument } from './data-argument.ts';
import { type ServerPlan, logOf } from './server-plan.ts';
import { startFailed } from './start-failed.ts';

/** The role of {@link EmbeddedPostgres.connectionString}. */
export const OWNER = 'leftfold';

/**
 * Creates the role that owns the database, in a new data directory whose server does not run.
 *
 * PostgreSQL's single-user mode needs no client, and nobody can connect meanwhile. It ends a statement at the end of its
 * line.
 *
 * @throws EmbeddedPostgresError `POSTGRES_START_FAILED` with the output of PostgreSQL.
 */
export async function createOwner(supervisor: Supervisor, plan: ServerPlan, data: string): Promise<void> {
  const { binaries, user, home, passwords } = plan;
  const statements = [
    `create role ${OWNER} login createdb password '${passwords.password}';`,
    `alter database postgres owner to ${OWNER};`,
  ];
  // Without the second one, a failed statement would be in the log, with the password.
  const settings = ['-c', 'exit_on_error=on', '-c', 'log_min_error_statement=panic'];
  const program = await supervisor.run({
    command: join(binaries.bin, programFile('postgres')),
    args: ['--single', '-D', dataArgument(data, user), ...settings, 'postgres'],
    cwd: data,
    log: logOf(home),
    input: statements.map((statement) => `${statement}\n`).join(''),
    ...user,
  });
  await program.exited;
  if (program.exit?.code !== 0) throw startFailed('the owner of the database was not created', logOf(home));
}
