/** Variables for the search paths of programs and libraries, and for the folder of temporary files. */
const passed = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SYSTEMROOT', 'TMPDIR', 'TEMP', 'TMP'];

/**
 * The environment of the server and its supervisor. It excludes the application's secrets,
 * NODE_OPTIONS and PG* settings. Locale and time zone are fixed, so that messages are the same everywhere.
 */
export function serverEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => passed.includes(name.toUpperCase()));
  return { ...Object.fromEntries(own), LC_ALL: 'C', TZ: 'UTC' };
}
