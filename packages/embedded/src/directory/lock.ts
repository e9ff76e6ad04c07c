import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { processExists, processFacts } from '../supervisor/process-exists.ts';

/** Who holds a directory, as its lock file tells. */
interface Holder {
  readonly token: string;
  readonly pid: number;
  /** Tells a process from a later one under the same number; null where the system does not say. */
  readonly startedAt: string | null;
  readonly host: string;
}

export interface DirectoryLock {
  release(): void;
}

/** A process that was just told to end gets this long to do so. */
const patience = 1_000;

/**
 * Takes the lock of a kept directory, also from a process that has ended without releasing it.
 *
 * One process at a time gets it. (Should three starters meet a dead one's lock in the same few
 * microseconds, two may: then PostgreSQL's own lock on its data directory refuses one of them.)
 *
 * @param path the lock file.
 * @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_LOCKED` when a live process holds it, with its pid.
 */
export async function lockDirectory(path: string, patienceMs = patience): Promise<DirectoryLock> {
  const mine: Holder = {
    token: randomUUID(),
    pid: process.pid,
    startedAt: processFacts(process.pid)?.startedAt ?? null,
    host: hostname(),
  };
  const aside = `${path}.${mine.token}`;
  const deadline = Date.now() + patienceMs;
  while (!createWhole(path, aside, mine)) {
    const holder = readHolder(path);
    if (holder === undefined) continue; // released at this moment
    if (!isAlive(holder)) takeAway(path, aside, holder);
    else if (Date.now() >= deadline) throw lockedBy(holder, path);
    else await delay(20);
  }
  return {
    release: () => {
      if (readHolder(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

/** A link makes the file appear with all its content, or fails because there is one already. */
function createWhole(path: string, aside: string, holder: Holder): boolean {
  writeFileSync(aside, JSON.stringify(holder));
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Renaming is atomic, so of several starters only one removes the dead holder's lock. */
function takeAway(path: string, aside: string, dead: Holder): void {
  try {
    renameSync(path, aside);
  } catch {
    return; // another starter was faster
  }
  if (readHolder(aside)?.token === dead.token) {
    rmSync(aside, { force: true });
  } else {
    renameSync(aside, path); // a faster starter's own lock: give it back
  }
}

/** @returns undefined when there is no lock; a file that cannot be understood counts as no live process. */
function readHolder(path: string): Holder | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(content) as Holder;
  } catch {
    return { token: '', pid: 0, startedAt: null, host: hostname() };
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true; // cannot be known from here
  if (holder.pid <= 0 || !processExists(holder.pid)) return false;
  const startedAt = processFacts(holder.pid)?.startedAt ?? null;
  return holder.startedAt === null || startedAt === null || holder.startedAt === startedAt;
}

function lockedBy({ pid, host }: Holder, path: string): EmbeddedPostgresError {
  const elsewhere = host === hostname() ? '' : ` on host ${host} (if it is gone, delete ${path})`;
  const who = pid === process.pid && elsewhere === '' ? 'this process already' : `process ${pid}${elsewhere}`;
  return new EmbeddedPostgresError(
    'POSTGRES_DIRECTORY_LOCKED',
    `the directory of this lock is in use by ${who}: ${path}`,
    { pid },
  );
}
