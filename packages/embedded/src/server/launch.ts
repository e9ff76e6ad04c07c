import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { programFile } from '../binaries/platform.ts';
import { readPostmaster } from '../directory/postmaster-file.ts';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { writeFileFor } from '../server-user.ts';
import type { RunningProgram, Supervisor } from '../supervisor/supervisor.ts';
import { dataArgument } from './data-argument.ts';
import { isFree } from './free-port.ts';
import { configurationFile } from './initialize.ts';
import { type ServerPlan, dataOf, logOf } from './server-plan.ts';
import { startFailed } from './start-failed.ts';

/** Long enough for the crash recovery of a large database. */
const readyWithinMs = 120_000;

/**
 * Starts the server on the given port and resolves when it accepts connections.
 *
 * @throws EmbeddedPostgresError `POSTGRES_PORT_IN_USE`, or `POSTGRES_START_FAILED` with the output of the server.
 */
export async function launch(
  supervisor: Supervisor,
  plan: ServerPlan,
  port: number,
): Promise<RunningProgram> {
  const { binaries, user, home, configuration } = plan;
  const data = dataOf(home);
  writeFileFor(user, join(data, configurationFile), configuration);
  const program = await supervisor.run({
    command: join(binaries.bin, programFile('postgres')),
    // The command line has precedence over every configuration file, which therefore cannot change the address.
    args: [
      '-D',
      dataArgument(data, user),
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
    ],
    cwd: data,
    log: logOf(home),
    ...user,
  });
  await untilReady(program, data, home, port);
  return program;
}

async function untilReady(program: RunningProgram, data: string, home: string, port: number): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const postmaster = readPostmaster(data);
    if (postmaster?.pid === program.pid && postmaster.ready) return;
    if (program.exit !== undefined) {
      if (!(await isFree(port))) throw portInUse(port);
      throw startFailed('PostgreSQL did not start', logOf(home));
    }
    if (Date.now() > deadline) {
      throw startFailed(`PostgreSQL was not ready within ${readyWithinMs} ms`, logOf(home));
    }
    await delay(5);
  }
}

export function portInUse(port: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError('POSTGRES_PORT_IN_USE', `port ${port} of 127.0.0.1 is in use`);
}
