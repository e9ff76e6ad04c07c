import { appendFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { programFile } from '../binaries/platform.ts';
import { mkdirFor, writeFileFor } from '../server-user.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { dataArgument } from './data-argument.ts';
import { type ServerPlan, dataOf, logOf } from './server-plan.ts';
import { startFailed } from './start-failed.ts';

/** Read at the end of `postgresql.conf`, and rewritten at each start. `alter system` overrides it. */
export const configurationFile = 'leftfold.conf';

/**
 * Makes a new data directory with `initdb`, in about 0.6 s.
 *
 * It appears under its name only when it is complete, so a start that was cut off is made again.
 * Text is UTF-8 and sorts by code point on every machine; from version 17 on, `lower` and `upper`
 * know all of Unicode, before that ASCII only.
 *
 * @throws EmbeddedPostgresError `POSTGRES_START_FAILED` with what `initdb` said.
 */
export async function initialize(supervisor: Supervisor, plan: ServerPlan, durable: boolean): Promise<void> {
  const { binaries, user, home, scratch, password } = plan;
  const unfinished = join(home, 'data.unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirFor(user, unfinished);
  const passwordFile = join(scratch, 'password');
  writeFileFor(user, passwordFile, `${password}\n`);

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

  appendFileSync(join(unfinished, 'postgresql.conf'), `\ninclude = '${configurationFile}'\n`);
  renameSync(unfinished, dataOf(home));
}
