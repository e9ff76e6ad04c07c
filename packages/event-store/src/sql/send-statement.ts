import { type Statement, type StatementRunner, toLeftfoldError } from '@leftfold/postgres';

/** Runs a statement whose rows say nothing. @throws the typed error for what the database throws */
export async function sendStatement(
  run: StatementRunner,
  schema: string,
  statement: Statement,
): Promise<void> {
  await run(statement).catch((error: unknown) => Promise.reject(toLeftfoldError(error, schema)));
}
