import {
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

/** The user that the server runs as, when it is not the current user. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root. For a process of root, the user is the owner of existing data, or
 * `nobody`. No user is created.
 *
 * @param data the data directory; it may not exist yet.
 * @returns undefined when the server runs as the current user.
 */
export function serverUser(data: string | undefined): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = data === undefined ? undefined : statSync(data, { throwIfNoEntry: false });
  return owner === undefined || owner.uid === 0 ? nobody() : { uid: owner.uid, gid: owner.gid };
}

/** `initdb` looks up its user, so it must be a user of the system. */
function nobody(): ServerUser {
  const entry = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readPasswd());
  // Unsigned: macOS writes -2 for 4294967294.
  return { uid: Number(entry?.[1] ?? 65_534) >>> 0, gid: Number(entry?.[2] ?? 65_534) >>> 0 };
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

/** Creates a directory that only the server's user may enter. */
export function mkdirFor(user: ServerUser | undefined, path: string): void {
  mkdirSync(path, { mode: 0o700 });
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

/**
 * Writes a file that only the server's user may read. It is a new file in place of one that is there: the server's user,
 * and whoever owns the folder, can put a link there, through which root would overwrite and give away any file.
 */
export function writeFileFor(user: ServerUser | undefined, path: string, content: string): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, content);
    if (user !== undefined) fchownSync(file, user.uid, user.gid);
  } finally {
    closeSync(file);
  }
}

/** Whether the user may enter this folder, which must exist, and all its parents. */
export function isReachable(folder: string, user: ServerUser): boolean {
  const path = realpathSync(folder);
  const { mode, uid } = statSync(path);
  const open = (mode & 0o001) !== 0 || (uid === user.uid && (mode & 0o100) !== 0);
  return open && (path === dirname(path) || isReachable(dirname(path), user));
}

/** @returns a folder for temporary files that the server's user can reach. */
export function temporaryFolder(user: ServerUser | undefined): string {
  if (user === undefined) return tmpdir();
  const folders = [tmpdir(), '/tmp', '/var/tmp'].filter((folder) => existsSync(folder));
  return folders.find((folder) => isReachable(folder, user)) ?? tmpdir();
}
