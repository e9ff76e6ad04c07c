import { createApp } from 'leftfold';
import { account } from '../domain/account.ts';
import { transfer } from '../domain/transfer.ts';
import type { BankPlace } from '../open-bank.ts';
import { balances } from '../read/balances.ts';
import { turnover } from '../read/turnover.ts';
import { progressBar } from '../screen/progress.ts';
import { checked, count, euros, heading, line } from '../screen/print.ts';

/** Adds a read model, which is built from the beginning of the log. */
export async function addProjection({ databaseUrl, schema }: BankPlace): Promise<void> {
  heading('5. A second read model, added later');
  const started = performance.now();
  await using bank = await createApp({
    database: { url: databaseUrl },
    schema,
    aggregates: [account],
    decisions: [transfer],
    projections: [balances, turnover],
  });
  await bank.projections.whenCaughtUp(turnover);
  const applied = performance.now() - started;
  const { highWaterMark: events } = await bank.status();
  line(`it applied the ${count(events)} events of the log in ${applied.toFixed(0)} ms`);
  const bar = progressBar(events, 'events, built once more while it serves');
  await bank.projections.rebuild(turnover, { onProgress: ({ position }) => bar.update(position) });
  bar.update(events);
  bar.stop();
  const rows = await bank.query(turnover).orderBy('movements', 'desc').execute();
  const [busiest] = rows;
  if (busiest !== undefined) {
    line(
      `busiest: ${busiest.account_id}, ${count(busiest.movements)} movements, ${euros(busiest.in_cents)} in and ${euros(busiest.out_cents)} out`,
    );
  }
  const balance = await bank.query(balances).execute();
  const same = rows.every(
    (row) =>
      balance.find(({ account_id }) => account_id === row.account_id)?.cents === row.in_cents - row.out_cents,
  );
  checked(same, 'incoming less outgoing money is the balance, for every account');
}
