/** Where to find programs and libraries, and where temporary files go. */
const passed = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SYSTEMROOT', 'TMPDIR', 'TEMP', 'TMP'];

/**
 * The environment of the server and its supervisor: no secret of the application reaches it, no
 * NODE_OPTIONS and no PG* setting, and messages and time zone are the same on every machine.
 */
export function serverEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => passed.includes(name.toUpperCase()));
  return { ...Object.fromEntries(own), LC_ALL: 'C', TZ: 'UTC' };
}
