import { until } from '@leftfold/testing/postgres';
import { type Kysely, sql } from 'kysely';
import { expireLeases } from './expire-leases.ts';

/**
 * Lets another process lead a subscription, as if no process had checked its leases for a while, until it has done its work.
 * A check of the former owner, as when a process begins, may extend its lease, or take it again once it has expired.
 *
 * @param next the name of the subscription, and the `owner` of the runner that takes over
 * @throws what `work` rejects with
 */
export async function takeOver(
  store: { readonly db: Kysely<unknown>; readonly schema: string },
  { name, owner }: { readonly name: string; readonly owner: string },
  work: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const over = () => void (isOver = true);
  work.then(over, over);
  const isLed = async () => {
    const { rows } = await sql`
      select from ${sql.id(store.schema, 'subscriptions')}
       where name = ${name} and split_part(owner, '/', 1) = ${owner}`.execute(store.db);
    return rows.length > 0;
  };
  await until(async () => {
    // It may begin to lead in between: then it keeps its lease.
    if (!isOver && !(await isLed())) await expireLeases(store, { except: owner });
    return isOver;
  });
  await work;
}
