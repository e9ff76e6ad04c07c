import { statfsSync } from 'node:fs';
import pg from 'pg';

/** The server's version, and the settings that figures depend on. */
export type ServerSettings = Readonly<Record<string, string>>;

const shown = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_level',
  'wal_sync_method',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'autovacuum',
  'jit',
];

/** With other values commits do not wait for the disk, which makes every figure too good. */
const required = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** @throws TypeError when the commits of the server are not durable, which makes the figures invalid */
export async function readDurableSettings(connectionString: string): Promise<ServerSettings> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; setting: string }>(
      'select name, current_setting(name) as setting from pg_settings where name = any ($1) order by array_position($1, name)',
      [shown],
    );
    const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    for (const [name, value] of Object.entries(required)) {
      if (settings[name] === value) continue;
      throw new TypeError(
        `the server has ${name} = ${settings[name]}, so its commits are not durable; set it to ${value}`,
      );
    }
    await assertOnDisk(client);
    return settings;
  } finally {
    await client.end();
  }
}

const TMPFS = 0x01021994;

/** Checks a server on this machine. The directory of a remote server cannot be checked. */
async function assertOnDisk(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ directory: string | null }>(
    `select case when inet_server_addr() << '127.0.0.0/8' and pg_has_role('pg_read_all_settings', 'member')
                 then current_setting('data_directory') end as directory`,
  );
  const directory = rows[0]?.directory;
  if (directory == null) return;
  let type: number | undefined;
  try {
    type = statfsSync(directory).type;
  } catch {
    return;
  }
  if (type === TMPFS)
    throw new TypeError(
      `the server keeps its data in memory (${directory} is a tmpfs); move its data directory to a disk`,
    );
}
