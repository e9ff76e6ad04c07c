import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { serverEnvironment } from '../environment.ts';
import type { ServerUser } from '../server-user.ts';
import { copyBinaries } from './copy.ts';
import { programFile } from './platform.ts';
import { ensureSymlinks } from './symlinks.ts';

/** Binaries that the server's user can run on this machine. */
export interface Binaries {
  readonly bin: string;
  /** As reported by `postgres --version`: `17.10`. */
  readonly version: string;
  readonly major: number;
}

/**
 * Makes sure that the server's user can run the binaries. Copies them when it cannot run them in place.
 *
 * @param installed the folder that contains `bin`.
 * @param copy where a copy may be created; must not exist yet.
 * @throws EmbeddedPostgresError `POSTGRES_BINARIES_MISSING` or `POSTGRES_BINARIES_UNUSABLE`.
 */
export async function prepareBinaries(
  installed: string,
  copy: string,
  user: ServerUser | undefined,
): Promise<Binaries> {
  const postgres = join(installed, 'bin', programFile('postgres'));
  if (!existsSync(postgres)) {
    throw new EmbeddedPostgresError('POSTGRES_BINARIES_MISSING', `${postgres} does not exist`);
  }
  const first = ensureSymlinks(installed) ? await askVersion(installed, user) : undefined;
  if (typeof first === 'string') return describe(installed, first);

  // They are below a folder that the server's user cannot enter (/root), or on a read-only file system.
  copyBinaries(installed, copy);
  ensureSymlinks(copy);
  const second = await askVersion(copy, user);
  if (typeof second === 'string') return describe(copy, second);
  throw new EmbeddedPostgresError(
    'POSTGRES_BINARIES_UNUSABLE',
    `the PostgreSQL binaries in ${installed} do not run on this system: ${second.message.trim()}`,
    { cause: second },
  );
}

function describe(native: string, answer: string): Binaries {
  const version = /\d+(?:\.\d+)*/.exec(answer)?.[0] ?? '';
  return { bin: join(native, 'bin'), version, major: Number.parseInt(version, 10) };
}

function askVersion(native: string, user: ServerUser | undefined): Promise<string | Error> {
  return new Promise((resolve) => {
    const options = { ...user, cwd: native, timeout: 20_000, env: serverEnvironment() };
    const done = (error: Error | null, stdout: string) => resolve(error ?? stdout);
    try {
      execFile(join(native, 'bin', programFile('postgres')), ['--version'], options, done);
    } catch (error) {
      resolve(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
