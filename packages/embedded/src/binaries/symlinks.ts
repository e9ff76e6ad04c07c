import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Makes the symlinks to shared libraries that npm cannot ship. The package makes them when it is
 * installed, unless install scripts are switched off.
 *
 * @returns false when the folder cannot be written to.
 */
export function ensureSymlinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as Link[];
  return links.every(({ source, target }) => {
    const path = join(dirname(native), target); // listed as native/lib/…
    if (existsSync(path)) return true;
    try {
      symlinkSync(basename(source), path);
      return true;
    } catch {
      return existsSync(path); // made by another process at this moment
    }
  });
}
