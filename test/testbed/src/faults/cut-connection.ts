import type { Pool } from 'pg';
import { killBackends } from './backends.ts';

/** A statement of a pool's session at which the session ends. */
export interface Cut {
  /** Before it is sent, or after it took effect and before its answer. */
  readonly when: 'before' | 'after';
  /** Asked for each statement until one is the one. `session` is the same object for all statements of a session. */
  readonly isHere: (text: string, session: object) => boolean | Promise<boolean>;
}

/** Ends a session of a store's pool once, at a statement. @returns whether it has happened */
export function cutConnection(
  { pool }: { readonly pool: Pick<Pool, 'on' | 'query'> },
  { when, isHere }: Cut,
): () => boolean {
  let done = false;
  const known = new WeakSet<object>();
  pool.on('acquire', (client) => {
    if (known.has(client)) return;
    known.add(client);
    // pg's types have the overload with a callback last.
    const query = client.query.bind(client) as (...input: unknown[]) => Promise<{ rows: { pid: number }[] }>;
    const cut = async () => {
      const { rows } = await query('select pg_backend_pid() as pid');
      const ended = new Promise<void>((resolve) => client.once('end', resolve));
      await killBackends(pool, rows[0]!.pid);
      await ended;
    };
    client.query = (async (...input: unknown[]) => {
      const [statement] = input as [string | { readonly text?: string }];
      const text = typeof statement === 'string' ? statement : (statement.text ?? '');
      const here = !done && (await isHere(text, client)) && !done;
      if (here) done = true;
      if (here && when === 'before') await cut();
      const answer = await query(...input);
      if (!here || when === 'before') return answer;
      await cut();
      throw new Error('Connection terminated unexpectedly');
    }) as typeof client.query;
  });
  return () => done;
}
