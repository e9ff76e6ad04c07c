import { dirname } from 'node:path';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { type ServerUser, isReachable } from '../server-user.ts';

/**
 * The path of the data directory, as the argument of the server. It is also its working directory.
 *
 * Root can keep data below a folder that no other user may enter (/root). The server's user cannot
 * resolve that path, but on Linux it can use the working directory that root has set for it.
 *
 * @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_UNUSABLE` on a system without /proc/self/cwd.
 */
export function dataArgument(data: string, user: ServerUser | undefined): string {
  if (user === undefined || isReachable(dirname(data), user)) return data;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedPostgresError(
    'POSTGRES_DIRECTORY_UNUSABLE',
    `PostgreSQL does not run as root, and no other user can enter ${data}: choose another directory`,
  );
}
