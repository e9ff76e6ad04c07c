import { appendFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { programFile } from '../binaries/platform.ts';
import { mkdirFor, writeFileFor } from '../server-user.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { createOwner } from './create-owner.ts';
import { dataArgument } from './data-argument.ts';
import { type ServerPlan, dataOf, logOf } from './server-plan.ts';
import { startFailed } from './start-failed.ts';

/** Included at the end of `postgresql.conf` and rewritten at each start. `alter system` overrides it. */
export const configurationFile = 'leftfold.conf';

/**
 * Creates a new data directory with `initdb`, and the owner of its database, in about 0.7 s.
 *
 * It is renamed to its final name when it is complete, so that an interrupted start begins again.
 * Text is UTF-8 and sorts by code point on every machine. `lower` and `upper` support all of Unicode
 * from version 17 on, and ASCII only in older versions.
 *
 * @throws EmbeddedPostgresError `POSTGRES_START_FAILED` with the output of `initdb`.
 */
export async function initialize(supervisor: Supervisor, plan: ServerPlan, durable: boolean): Promise<void> {
  const { binaries, user, home, scratch, passwords } = plan;
  const unfinished = join(home, 'data.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirFor(user, unfinished);
  const passwordFile = join(scratch, 'password');
  writeFileFor(user, passwordFile, `${passwords.superuserPassword}\n`);

  const program = await supervisor.run({
    command: join(binaries.bin, programFile('initdb')),
    args: [
      `--pgdata=${dataArgument(unfinished, user)}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-locale',
      ...(binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ],
    cwd: unfinished,
    log: logOf(home),
    ...user,
  });
  await program.exited;
  rmSync(passwordFile);
  if (program.exit?.code !== 0) throw startFailed('initdb failed', logOf(home));

  await createOwner(supervisor, plan, unfinished);
  appendFileSync(join(unfinished, 'postgresql.conf'), `\ninclude = '${configurationFile}'\n`);
  renameSync(unfinished, dataOf(home));
}
