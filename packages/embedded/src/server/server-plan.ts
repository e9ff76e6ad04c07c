import { join } from 'node:path';
import type { Binaries } from '../binaries/prepare.ts';
import type { ServerUser } from '../server-user.ts';

/** Everything that is decided before a server first starts, and stays so while it lives. */
export interface ServerPlan {
  readonly binaries: Binaries;
  /** Whom the server runs as; undefined: as the current user. */
  readonly user: ServerUser | undefined;
  /** Holds `data` and `postgres.log`: the kept directory, or the scratch directory. */
  readonly home: string;
  /** Is there from the start of the supervisor to its end. */
  readonly scratch: string;
  readonly password: string;
  /** Content of `leftfold.conf` in the data directory. */
  readonly configuration: string;
}

/** The data directory, as PostgreSQL calls it. */
export function dataOf(home: string): string {
  return join(home, 'data');
}

/** Where the server writes what it has to say. */
export function logOf(home: string): string {
  return join(home, 'postgres.log');
}
