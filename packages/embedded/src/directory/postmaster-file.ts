import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { processExists } from '../supervisor/process-exists.ts';

/** The content of `postmaster.pid`, which a running server writes and `pg_ctl --wait` reads. */
export interface Postmaster {
  readonly pid: number;
  readonly ready: boolean;
}

export function readPostmaster(data: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
}

/**
 * Waits until the server of an application that has ended is stopped by its supervisor. An
 * application that is killed and started again at once finds such a server.
 *
 * Also removes the `postmaster.pid` of a server that has ended when another program has its pid
 * now: PostgreSQL would take that program for a running server.
 *
 * @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_LOCKED` when the server still runs after `waitMs`.
 */
export async function untilFormerServerEnded(data: string, waitMs = 15_000): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const former = readPostmaster(data);
    if (former === undefined || !processExists(former.pid)) return;
    if (!worksIn(former.pid, data)) {
      rmSync(join(data, 'postmaster.pid'), { force: true });
      return;
    }
    if (Date.now() > deadline) {
      const message = `a PostgreSQL server, process ${former.pid}, still uses ${data}; stop it`;
      throw new EmbeddedPostgresError('POSTGRES_DIRECTORY_LOCKED', message, { pid: former.pid });
    }
    await delay(20);
  }
}

/** Whether the working directory of the process is `data`, as it is for a server. */
function worksIn(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return true; // cannot be checked; PostgreSQL makes its own check at start
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch (error) {
    // EACCES: a process of another user, so not a server on this data. Otherwise the process has ended, and the
    // next iteration finds that.
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}
