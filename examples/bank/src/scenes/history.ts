import { account } from '../domain/account.ts';
import type { Bank } from '../open-bank.ts';
import { checked, count, euros, heading, line } from '../screen/print.ts';

/** Loads past states of an account: by version, by position and by time. */
export async function peekIntoHistory(bank: Bank, id: string): Promise<void> {
  heading('4. Past states');
  const now = await bank.load(account, id);
  line(`${id} has ${euros(now.state.cents)} after ${count(now.streamVersion)} events`);
  const half = Math.ceil(now.streamVersion / 2);
  const past = await bank.load(account, id, { atVersion: half });
  line(`${id} had ${euros(past.state.cents)} after ${count(half)} events`);
  const byPosition = await bank.load(account, id, { atPosition: past.position });
  checked(
    byPosition.state.cents === past.state.cents,
    `its state at position ${count(past.position)} of the log is the same`,
  );

  for await (const event of bank.store.readStream(account.streamId(id), { from: half, to: half })) {
    const byTime = await bank.load(account, id, { atTime: event.recordedAt });
    checked(
      byTime.streamVersion >= half,
      `at ${event.recordedAt.toISOString()} it had ${euros(byTime.state.cents)}`,
    );
  }
}
