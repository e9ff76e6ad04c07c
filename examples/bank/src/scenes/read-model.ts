import { type LogToken, replay } from 'leftfold';
import { account } from '../domain/account.ts';
import type { Bank } from '../open-bank.ts';
import { balances } from '../read/balances.ts';
import { checked, euros, heading, line } from '../screen/print.ts';

/** Compares the read model with the log. */
export async function checkReadModel(
  bank: Bank,
  ids: readonly string[],
  token: LogToken,
  total: number,
): Promise<void> {
  heading('3. The read model, up to date with the last command');
  const rows = await bank.query(balances, { atLeast: token }).orderBy('cents', 'desc').execute();
  for (const { owner, cents } of rows.slice(0, 3)) line(`${owner.padEnd(9)} ${euros(cents).padStart(11)}`);
  line(`… and ${rows.length - 3} more`);
  await checkMoney(bank, ids, total);
}

/** Checks the sum of all balances, and every balance against a replay of its account's events. */
export async function checkMoney(bank: Bank, ids: readonly string[], total: number): Promise<void> {
  await bank.projections.whenCaughtUp(balances);
  const rows = await bank.query(balances).execute();
  const sum = rows.reduce((cents, row) => cents + row.cents, 0);
  checked(sum === total, `the balances add up to ${euros(total)}: no money was made or lost`);

  const replayed = await Promise.all(
    ids.map(async (id) => {
      const history = [];
      for await (const event of bank.store.readStream(account.streamId(id))) history.push(event);
      return { id, cents: replay(account, history).cents };
    }),
  );
  const same = replayed.every(({ id, cents }) => rows.find((row) => row.account_id === id)?.cents === cents);
  checked(same, "every balance equals a replay of its account's events");
}
