import { latestToken, type LogToken } from 'leftfold';
import { transfer } from '../domain/transfer.ts';
import type { Bank } from '../open-bank.ts';
import { checked, count, heading, line } from '../screen/print.ts';
import { progressBar } from '../screen/progress.ts';
import { routeOf } from '../night-run/routes.ts';

const TRANSFERS = 600;

/** Makes hundreds of concurrent transfers between few accounts, in two processes. @returns the last consistency token */
export async function transferConcurrently(
  banks: readonly Bank[],
  ids: readonly string[],
): Promise<LogToken> {
  heading(`2. ${count(TRANSFERS)} concurrent transfers in two processes`);
  const bar = progressBar(TRANSFERS, 'transfers');
  let done = 0;
  const started = performance.now();
  const results = await Promise.all(
    Array.from({ length: TRANSFERS }, async (_, index) => {
      const { from, to, cents } = routeOf(ids, index);
      const result = await banks[index % banks.length]!.execute(transfer.command({ from, to, cents }), {
        retry: { attempts: 100 },
      });
      done += 1;
      bar.update(done);
      return result;
    }),
  );
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const rejected = results.filter(({ outcome }) => outcome === 'rejected').length;
  const retries = results.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  line(
    `${count(TRANSFERS - rejected)} accepted, ${count(rejected)} rejected with "insufficient-funds", in ${seconds.toFixed(1)} s`,
  );
  line(`${count(retries)} conflicts with the other process: new events read, decided again`);
  checked(results.length === TRANSFERS, 'every command has a result');
  return latestToken(results.map(({ token }) => token));
}
