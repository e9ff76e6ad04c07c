import { join } from 'node:path';
import type { Binaries } from '../binaries/prepare.ts';
import type { ServerUser } from '../server-user.ts';

/** The passwords of the two logins of a server. */
export interface Passwords {
  /** Of the role `leftfold`, which owns the database and is no superuser. */
  readonly password: string;
  /** Of the role `postgres`. */
  readonly superuserPassword: string;
}

/** Everything that is decided before a server first starts, and that does not change until it is stopped. */
export interface ServerPlan {
  readonly binaries: Binaries;
  /** The user that the server runs as; undefined for the current user. */
  readonly user: ServerUser | undefined;
  /** Contains `data` and `postgres.log`: the kept directory, or the scratch directory. */
  readonly home: string;
  /** A temporary folder that exists from the start of the supervisor to its end. */
  readonly scratch: string;
  readonly passwords: Passwords;
  /** Content of `leftfold.conf` in the data directory. */
  readonly configuration: string;
}

/** PostgreSQL's data directory. */
export function dataOf(home: string): string {
  return join(home, 'data');
}

/** The file with the output of the server. */
export function logOf(home: string): string {
  return join(home, 'postgres.log');
}
