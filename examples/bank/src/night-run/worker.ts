// A separate process, which the demo kills. It makes the transfers of the night run, one after another.
import { transfer } from '../domain/transfer.ts';
import { openBank } from '../open-bank.ts';
import { routeOf } from './routes.ts';
import type { NightRunOrder, NightRunReport } from './order.ts';

process.once('message', (order: NightRunOrder) => {
  void run(order);
});

async function run({ place, ids, transfers }: NightRunOrder): Promise<void> {
  await using bank = await openBank(place);
  const report: { done: number; duplicates: number } = { done: 0, duplicates: 0 };
  const sendReport = () => process.send?.({ ...report } satisfies NightRunReport);
  for (let index = 0; index < transfers; index += 1) {
    const { from, to, cents } = routeOf(ids, index + 1_000);
    // The command id makes the transfer idempotent: executed again after a crash, it returns its first result.
    const result = await bank.execute(transfer.command({ from, to, cents }), {
      commandId: `night-run-${index}`,
      retry: { attempts: 100 },
    });
    report.done += 1;
    if (result.outcome === 'accepted' && result.duplicate) report.duplicates += 1;
    sendReport();
  }
  process.disconnect();
}
