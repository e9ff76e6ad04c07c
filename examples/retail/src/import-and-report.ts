import { importFile } from './input/import-file.ts';
import { identify } from './input/read-file.ts';
import { mendReturns } from './mend-returns.ts';
import { openShop, projections, type ShopPlace } from './open-shop.ts';
import { checkTotals } from './report/check-totals.ts';
import { printTables } from './report/tables.ts';
import { heading, line } from './screen/print.ts';
import { fileProgressBar } from './screen/progress.ts';

/** The result of one run. */
export interface RunReport {
  readonly addedEvents: number;
  /** Whether every read model matches the totals of the file. */
  readonly exact: boolean;
}

/** The schema of a file's log: another file has another one. */
export async function schemaOf(path: string): Promise<string> {
  return `retail_${(await identify(path)).fingerprint}`;
}

/** Imports a file, prints the tables, checks them, and mends a wrong one. A second run adds nothing. */
export async function importAndReport(path: string, databaseUrl?: string): Promise<RunReport> {
  const place = { schema: await schemaOf(path), databaseUrl };
  const { expected, addedEvents, exact } = await importInto(place, path);
  const mended = await mendReturns(place, expected);
  return { addedEvents, exact: exact && mended };
}

async function importInto(place: ShopPlace, path: string) {
  const { bytes } = await identify(path);
  await using shop = await openShop(place);

  heading(`Importing ${path}`);
  line(`on ${shop.database}`);
  const started = performance.now();
  const bar = fileProgressBar(bytes);
  const { expected, addedEvents } = await importFile(shop, path, ({ bytesRead }, lines) =>
    bar.update(bytesRead, lines),
  );
  bar.stop();
  const imported = performance.now();
  line(
    `${addedEvents.toLocaleString('en')} events added in ${seconds(started, imported)}; all others were in the log already`,
  );
  for (const projection of projections) await shop.projections.whenCaughtUp(projection);
  line(`read models caught up ${seconds(imported, performance.now())} later`);

  await printTables(shop);
  return { expected, addedEvents, exact: await checkTotals(shop, expected) };
}

function seconds(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(1)} s`;
}
