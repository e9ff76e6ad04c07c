/** Room for many clients, for prepared transactions and for logical decoding. */
const defaults: Readonly<Record<string, string>> = {
  max_connections: '200',
  max_prepared_transactions: '50',
  wal_level: 'logical',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Nothing is lost when the server crashes, everything may be when the machine does: writing is left to the
 * operating system. `synchronous_commit` stays on, or a crash of the server would lose commits.
 */
const withoutSync: Readonly<Record<string, string>> = { fsync: 'off' };

/**
 * The settings of a server, as a configuration file.
 *
 * @throws TypeError for a name that is no setting's, or a value with a line break.
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
    throw new TypeError(`the value of the PostgreSQL setting "${name}" has to be a string on one line`);
  }
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
