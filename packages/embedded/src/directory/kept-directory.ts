import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { OWNER } from '../server/create-owner.ts';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import type { Passwords } from '../server/server-plan.ts';
import { writeFileFor } from '../server-user.ts';
import { connectionFile, connectionStringOf } from './connection-file.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';

/** Kept from one start to the next, so that other tools can reconnect to the server. */
export interface Connection extends Passwords {
  readonly port: number | undefined;
}

export function newConnection(): Connection {
  return { password: newPassword(), superuserPassword: newPassword(), port: undefined };
}

/** Of characters that need no quotes in a URL or in SQL. */
function newPassword(): string {
  return randomBytes(18).toString('base64url');
}

/**
 * Creates the directory if it does not exist, and takes its lock.
 *
 * @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_UNUSABLE` when it cannot be created or written to, or contains
 * foreign files; `POSTGRES_DIRECTORY_LOCKED` when a live process uses it.
 */
export async function openKeptDirectory(directory: string): Promise<DirectoryLock> {
  try {
    mkdirSync(directory, { recursive: true });
    const foreign = readdirSync(directory).filter((name) => !ours.test(name));
    if (foreign.length > 0 && !existsSync(connectionFile(directory))) {
      throw unusable(directory, `it contains other files (${foreign[0]}); pass an empty or a new directory`);
    }
    for (const path of [connectionFile(directory), join(directory, 'data')]) {
      if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    }
    const lock = await lockDirectory(join(directory, 'lock'));
    writeFileFor(undefined, join(directory, '.gitignore'), '*\n');
    return lock;
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(directory, `${reason}; it has to belong to the user of this process`, error);
  }
}

const ours =
  /^(?:\.gitignore|connection\.json(?:\.new)?|data|data\.unfinished|lock(?:\.[\w-]+)?|postgres\.log)$/;

/** @throws EmbeddedPostgresError `POSTGRES_DIRECTORY_UNUSABLE` when there is data but not both passwords for it. */
export function readConnection(directory: string): Connection {
  const file = connectionFile(directory);
  if (!existsSync(file)) {
    if (!existsSync(join(directory, 'data'))) return newConnection();
    throw unusable(directory, 'its connection.json, which contains its passwords, is missing');
  }
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const nothing = { password: undefined, superuserPassword: undefined, port: undefined };
  const { password, superuserPassword, port } = { ...nothing, ...(content as object) };
  if (typeof password !== 'string' || typeof superuserPassword !== 'string')
    throw unusable(directory, 'its connection.json does not contain both passwords');
  return { password, superuserPassword, port: typeof port === 'number' ? port : undefined };
}

/**
 * Only its owner can read the file. The rename makes the write atomic. With a port, it has the connection string of the
 * server, for other processes.
 */
export function writeConnection(directory: string, connection: Connection): void {
  const unfinished = `${connectionFile(directory)}.new`;
  const { port, password } = connection;
  const connectionString = port === undefined ? undefined : connectionStringOf(OWNER, password, port);
  writeFileFor(undefined, unfinished, `${JSON.stringify({ ...connection, connectionString })}\n`);
  renameSync(unfinished, connectionFile(directory));
}

function unusable(directory: string, reason: string, cause?: unknown): EmbeddedPostgresError {
  const message = `the directory ${directory} cannot hold PostgreSQL's data: ${reason}`;
  return new EmbeddedPostgresError('POSTGRES_DIRECTORY_UNUSABLE', message, { cause });
}
