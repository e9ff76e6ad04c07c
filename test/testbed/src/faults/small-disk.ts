import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, which can be filled. */
export interface SmallDisk extends Disposable {
  /** Where it is mounted. Every user may write there. */
  readonly folder: string;
  /** Takes what is free: other writes fail with "No space left on device". */
  fill(): void;
  /** Gives that back. */
  free(): void;
}

/**
 * Mounts a small file system in memory. It is unmounted when it is disposed of: stop the server that uses it first.
 *
 * @returns undefined where this process may not mount one; it takes Linux and root
 */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-disk-'));
  try {
    const options = `size=${megabytes}m,mode=1777`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    free: () => rmSync(filler),
    [Symbol.dispose]: () => {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}
