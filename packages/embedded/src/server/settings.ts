/** Allows many clients, prepared transactions and logical decoding. */
const defaults: Readonly<Record<string, string>> = {
  max_connections: '200',
  max_prepared_transactions: '50',
  wal_level: 'logical',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * The operating system decides when data is written to the disk: a crash of the server loses nothing, a crash of
 * the machine can lose everything. `synchronous_commit` stays on; otherwise a crash of the server loses commits.
 */
const withoutSync: Readonly<Record<string, string>> = { fsync: 'off' };

/**
 * The settings of a server, in the format of `postgresql.conf`.
 *
 * @throws TypeError for an invalid setting name, or a value with a line break or NUL.
 */
export function configuration(durable: boolean, own: Readonly<Record<string, string>>): string {
  const settings = { ...defaults, ...(durable ? {} : withoutSync), ...own };
  return Object.entries(settings)
    .map(([name, value]) => `${settingName(name)} = ${quoted(name, value)}\n`)
    .join('');
}

function settingName(name: string): string {
  if (!/^[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?$/i.test(name)) {
    throw new TypeError(`"${name}" is not the name of a PostgreSQL setting`);
  }
  return name;
}

function quoted(name: string, value: string): string {
  if (typeof value !== 'string' || /[\r\n\0]/.test(value)) {
    throw new TypeError(`the value of the PostgreSQL setting "${name}" must be a string without line breaks`);
  }
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
