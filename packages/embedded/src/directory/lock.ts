import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectionFile } from './connection-file.ts';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { processExists, processFacts } from '../supervisor/process-exists.ts';

/** The process that holds a directory: the content of its lock file. */
interface Holder {
  readonly token: string;
  readonly pid: number;
  /** Distinguishes a process from a later one with the same pid; null where the system does not report it. */
  readonly startedAt: string | null;
  readonly host: string;
}

export interface DirectoryLock {
  release(): void;
}

/** A holder that is ending gets this long to release the lock. */
const defaultWaitMs = 1_000;

/**
 * Takes the lock of a kept directory, also when a process has ended without releasing it.
 *
 * One process at a time holds it. (If three processes find the lock of an ended process within the
 * same few microseconds, two of them may get it. PostgreSQL's own lock on its data directory then
 * rejects one of these.)
 *
 * @param path the lock file.
 * @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_LOCKED` when a live process holds it, with its pid.
 */
export async function lockDirectory(path: string, waitMs = defaultWaitMs): Promise<DirectoryLock> {
  const mine: Holder = {
    token: randomUUID(),
    pid: process.pid,
    startedAt: processFacts(process.pid)?.startedAt ?? null,
    host: hostname(),
  };
  const aside = `${path}.${mine.token}`;
  const deadline = Date.now() + waitMs;
  while (!createWhole(path, aside, mine)) {
    const holder = readHolder(path);
    if (holder === undefined) continue; // released in between
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

/** A hard link creates the file with its complete content, and fails if the file exists. */
function createWhole(path: string, aside: string, holder: Holder): boolean {
  writeFileSync(aside, JSON.stringify(holder), { flag: 'wx' });
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

/** Renaming is atomic: of several processes, only one removes the lock of the ended holder. */
function takeAway(path: string, aside: string, dead: Holder): void {
  try {
    renameSync(path, aside);
  } catch {
    return; // another process has removed it
  }
  if (readHolder(aside)?.token === dead.token) {
    rmSync(aside, { force: true });
  } else {
    renameSync(aside, path); // another process has taken the lock in between: restore its file
  }
}

/** @returns undefined when there is no lock. A file that cannot be parsed counts as that of an ended process. */
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
  if (holder.host !== hostname()) return true; // processes of another host cannot be checked
  if (holder.pid <= 0 || !processExists(holder.pid)) return false;
  const startedAt = processFacts(holder.pid)?.startedAt ?? null;
  return holder.startedAt === null || startedAt === null || holder.startedAt === startedAt;
}

function lockedBy({ pid, host }: Holder, path: string): EmbeddedPostgresError {
  const directory = dirname(path);
  return new EmbeddedPostgresError(
    'POSTGRES_DIRECTORY_LOCKED',
    `the directory ${directory} is in use by ${holderAndFix({ pid, host }, path)}`,
    { pid },
  );
}

function holderAndFix({ pid, host }: Pick<Holder, 'pid' | 'host'>, path: string): string {
  if (host !== hostname())
    return `process ${pid} on host ${host}; stop that process, or if it no longer runs, delete ${path}`;
  if (pid === process.pid) return 'this process already; use the server that it started, or stop that first';
  const connection = connectionFile(dirname(path));
  return `process ${pid}; to use its server beside it, set DATABASE_URL to the connectionString in ${connection}, or stop that process`;
}
