import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Creates the symlinks to shared libraries, which an npm package cannot contain. The install script
 * of the package creates them too, unless install scripts are disabled.
 *
 * @returns false when the folder is not writable.
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
      return existsSync(path); // another process may have created it in between
    }
  });
}
