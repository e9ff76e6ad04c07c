import { Client } from 'pg';

/** A session with an open transaction: what an application holds while others go on. */
export interface OpenTransaction extends AsyncDisposable {
  readonly client: Client;
  /** The server process behind it. */
  readonly pid: number;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Begins a transaction on a session of its own. Disposing of it rolls back what is still open. */
export async function beginTransaction(
  connectionString: string,
  isolation = 'read committed',
): Promise<OpenTransaction> {
  const client = new Client({ connectionString });
  client.on('error', () => {}); // some tests kill this session
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
