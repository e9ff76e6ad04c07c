import { dirname } from 'node:path';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { type ServerUser, isReachable } from '../server-user.ts';

/**
 * The path by which the server finds its data directory, which is also its working directory.
 *
 * Root may keep data below a folder that nobody else may enter (/root). The server's user cannot
 * walk that path, but Linux lets it use the working directory that root chose for it.
 *
 * @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_UNUSABLE` where there is no such way.
 */
export function dataArgument(data: string, user: ServerUser | undefined): string {
  if (user === undefined || isReachable(dirname(data), user)) return data;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedPostgresError(
    'POSTGRES_DIRECTORY_UNUSABLE',
    `PostgreSQL does not run as root, and no other user can reach ${data}: choose another directory`,
  );
}
