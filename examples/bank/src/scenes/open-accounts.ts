import { accepted } from 'leftfold';
import { account } from '../domain/account.ts';
import type { Bank } from '../open-bank.ts';
import { checked, count, euros, heading, line } from '../screen/print.ts';

export const FIRST_DEPOSIT_CENTS = 100_000;

const owners = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Tony', 'Margaret', 'Leslie'];

/** Opens every account in two processes at the same time. @returns the account ids */
export async function openAccounts(banks: readonly Bank[]): Promise<readonly string[]> {
  heading('1. Ten accounts, each opened by two processes at once');
  const ids = owners.map((owner) => owner.toLowerCase());
  const attempts = await Promise.all(
    owners.flatMap((owner, index) =>
      banks.map((bank) => bank.execute(account.command.open(ids[index]!, { owner }))),
    ),
  );
  const opened = attempts.filter(({ outcome }) => outcome === 'accepted').length;
  checked(
    opened === owners.length,
    `${count(attempts.length)} commands: ${opened} opened an account, the others were rejected with "account-already-open"`,
  );

  const [bank] = banks;
  await Promise.all(
    ids.map(async (id) =>
      accepted(await bank!.execute(account.command.deposit(id, { cents: FIRST_DEPOSIT_CENTS }))),
    ),
  );
  line(`${euros(FIRST_DEPOSIT_CENTS)} deposited in each account`);
  return ids;
}
