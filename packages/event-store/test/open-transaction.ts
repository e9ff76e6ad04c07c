import pg from 'pg';

/** A session of its own, inside a transaction: what an application holds open while others go on. */
export interface OpenTransaction extends AsyncDisposable {
  readonly client: pg.Client;
  /** The server process behind it. */
  readonly pid: number;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Begins a transaction. What is neither committed nor rolled back is, when disposed of, rolled back. */
export async function beginTransaction(
  connectionString: string,
  isolation = 'read committed',
): Promise<OpenTransaction> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {}); // some of these sessions are killed on purpose
  await client.connect();
  await client.query(`begin isolation level ${isolation}`);
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const end = async (how: 'commit' | 'rollback') => {
    await client.query(how);
    await client.end();
  };
  return {
    client,
    pid: rows[0]!.pid,
    commit: () => end('commit'),
    rollback: () => end('rollback'),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
