import { account } from './domain/account.ts';
import { openBank } from './open-bank.ts';
import { crashAndResume } from './scenes/crash.ts';
import { openDatabase } from './scenes/database.ts';
import { peekIntoHistory } from './scenes/history.ts';
import { addProjection } from './scenes/late-projection.ts';
import { FIRST_DEPOSIT_CENTS, openAccounts } from './scenes/open-accounts.ts';
import { checkMoney, checkReadModel } from './scenes/read-model.ts';
import { transferConcurrently } from './scenes/transfers.ts';
import { checked, heading, line } from './screen/print.ts';

heading('A bank on Leftfold');
await using database = await openDatabase();
const { place } = database;
line(`on ${database.description}`);

await using bank = await openBank(place);
await using second = await openBank(place);
const banks = [bank, second];

const ids = await openAccounts(banks);
const total = ids.length * FIRST_DEPOSIT_CENTS;
const token = await transferConcurrently(banks, ids);
await checkReadModel(bank, ids, token, total);
await peekIntoHistory(bank, ids[0]!);
await addProjection(place);
await crashAndResume({ place, ids }, countNightTransfers);
await checkMoney(bank, ids, total);

heading('Done.');

/** Counts the transfers of the night run in the log by their command ids. @throws Error when one is there twice */
async function countNightTransfers(): Promise<number> {
  const commands = new Set<string>();
  for await (const { metadata } of bank.store.readAll({
    filter: { types: ['account.transfer-sent'], category: account.name },
  })) {
    const { commandId } = metadata;
    if (commandId === undefined || !commandId.startsWith('night-run-')) continue;
    if (commands.has(commandId)) checked(false, `${commandId} is in the log once`);
    commands.add(commandId);
  }
  return commands.size;
}
