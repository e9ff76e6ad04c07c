/** The platform in the names of the binaries' packages: `linux-x64`, `darwin-arm64`, `windows-x64`. */
export function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

/** The file name of a program, with `.exe` on Windows. */
export function programFile(name: 'initdb' | 'pg_ctl' | 'postgres'): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}
