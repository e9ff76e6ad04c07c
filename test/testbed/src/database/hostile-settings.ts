import pg from 'pg';

/** Settings with which PostgreSQL reads or writes values in another way, plans in another way, or sooner gives up. */
const settings: Readonly<Record<string, string>> = {
  datestyle: 'German, DMY',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kathmandu',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  xmlbinary: 'hex',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  escape_string_warning: 'off',
  backslash_quote: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  client_encoding: 'LATIN1',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  row_security: 'off',
  search_path: 'nowhere',
  plan_cache_mode: 'force_generic_plan',
  jit: 'on',
  gin_fuzzy_search_limit: '1',
  synchronous_commit: 'off',
  statement_timeout: '60s',
  lock_timeout: '30s',
  idle_in_transaction_session_timeout: '60s',
};

/** Gives a database settings that differ from the defaults wherever results could. They hold for new connections. */
export async function setHostileSettings(connectionString: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  for (const [setting, value] of Object.entries(settings))
    await client.query(`alter database "${name}" set ${setting} = '${value}'`);
  await client.end();
}

/** The SQL that gives a session the same settings. */
export function hostileSession(): string {
  return Object.entries(settings)
    .map(([setting, value]) => `set ${setting} = '${value}'`)
    .join('; ');
}
