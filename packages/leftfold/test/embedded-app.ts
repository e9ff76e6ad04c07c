// What a user's first program looks like. Prints what the test looks at, and exits by itself.
import { createApp } from '../src/index.ts';
import { account, balances } from '@leftfold/testbed/bank';

await using app = await createApp({ aggregates: [account], projections: [balances] });
const done = await app.execute(account.command.deposit('kept', { cents: 5 }));
const row = await app.query(balances, { atLeast: done.token, timeoutMs: 20_000 }).executeTakeFirst();
process.stdout.write(`${JSON.stringify({ database: app.database, cents: row?.cents })}\n`);
