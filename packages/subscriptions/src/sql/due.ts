import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** Whether keys are set aside for a while. SQL: one range scan of `parked_keys_resume_at_idx`. */
export async function hasDueKeys(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
): Promise<boolean> {
  const [row] = await run<{ due: boolean }>({
    name: `leftfold due ${schema}`,
    text: `select exists (select from "${schema}".parked_keys as parked
                           where parked.name = $1
                             and parked.version = $2
                             and parked.resume_at is not null) as due`,
    values: [name, version],
  });
  return row?.due === true;
}
