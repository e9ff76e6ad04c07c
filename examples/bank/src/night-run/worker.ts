// A process of its own, which the demo kills: makes the night's transfers, one after the other.
import { transfer } from '../domain/transfer.ts';
import { openBank } from '../open-bank.ts';
import { routeOf } from './routes.ts';
import type { NightRunOrder, NightRunReport } from './order.ts';

process.once('message', (order: NightRunOrder) => {
  void run(order);
});

async function run({ place, ids, transfers }: NightRunOrder): Promise<void> {
  await using bank = await openBank(place);
  const report: { done: number; repeated: number } = { done: 0, repeated: 0 };
  const tell = () => process.send?.({ ...report } satisfies NightRunReport);
  for (let index = 0; index < transfers; index += 1) {
    const { from, to, cents } = routeOf(ids, index + 1_000);
    // The id names the transfer for ever: asked for again after a crash, it is answered, not made again.
    const result = await bank.execute(transfer.command({ from, to }, { cents }), {
      commandId: `night-run-${index}`,
      retry: { attempts: 100 },
    });
    report.done += 1;
    if (result.outcome === 'accepted' && result.duplicate) report.repeated += 1;
    tell();
  }
  process.disconnect();
}
