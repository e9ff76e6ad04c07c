import { transfer } from '../domain/transfer.ts';
import type { Bank } from '../open-bank.ts';
import { checked, count, heading, line } from '../screen/print.ts';
import { progressBar } from '../screen/progress.ts';
import { routeOf } from '../night-run/routes.ts';

const TRANSFERS = 600;

/** Hundreds of transfers at once between few accounts, from two processes. @returns the last consistency token */
export async function transferConcurrently(banks: readonly Bank[], ids: readonly string[]): Promise<number> {
  heading(`2. ${count(TRANSFERS)} transfers at once, through two processes`);
  const bar = progressBar(TRANSFERS, 'transfers');
  let done = 0;
  const started = performance.now();
  const results = await Promise.all(
    Array.from({ length: TRANSFERS }, async (_, index) => {
      const { from, to, cents } = routeOf(ids, index);
      const result = await banks[index % banks.length]!.execute(transfer.command({ from, to }, { cents }), {
        retry: { attempts: 100 },
      });
      done += 1;
      bar.update(done);
      return result;
    }),
  );
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const refused = results.filter(({ outcome }) => outcome === 'rejected').length;
  const again = results.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  line(
    `${count(TRANSFERS - refused)} made, ${count(refused)} refused with "insufficient-funds", in ${seconds.toFixed(1)} s`,
  );
  line(`${count(again)} times another process had been faster: read again, decided again`);
  checked(results.length === TRANSFERS, 'every command was answered');
  return Math.max(...results.map(({ token }) => token));
}
