import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { processExists } from '../supervisor/process-exists.ts';

/** What a running server says about itself in its data directory: the file that `pg_ctl --wait` reads. */
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
 * Waits for a server whose application has ended, and which is being stopped by its supervisor:
 * a program that is killed and started again at once meets it.
 *
 * Also removes what a server that is gone has left, when its process number is in use again by
 * another program: PostgreSQL would take that one for a server.
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
      const message = `a PostgreSQL server, process ${former.pid}, still uses ${data}; end it`;
      throw new EmbeddedPostgresError('POSTGRES_DIRECTORY_LOCKED', message, { pid: former.pid });
    }
    await delay(20);
  }
}

/** Whether the working directory of the process is `data`, as that of a server is. */
function worksIn(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return true; // cannot be known: PostgreSQL decides
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch (error) {
    // Of another user, so not a server on these data; or gone by now, which the next round sees.
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}
