import type { SchemaConnection } from '@leftfold/subscriptions';

/**
 * Calls a function of the schema that tells whether it did something.
 *
 * @param text the call: `_keep_replay($1, $2)`
 */
export async function callFunction(
  { run, schema }: SchemaConnection,
  text: string,
  values: readonly unknown[],
): Promise<boolean> {
  const [row] = await run<{ done: boolean }>({
    name: undefined,
    text: `select "${schema}".${text} as done`,
    values,
  });
  return row?.done === true;
}
