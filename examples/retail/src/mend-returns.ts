import { createApp } from 'leftfold';
import type { AnyProjection } from '@leftfold/core';
import type { ExpectedTotals } from './input/expected-totals.ts';
import type { ShopPlace } from './open-shop.ts';
import { correctedReturns, newReturns, wrongReturns } from './read/returns.ts';
import { amount, checkLine, heading, line } from './screen/print.ts';
import { buildProgressBar } from './screen/progress.ts';

const WHAT = 'pieces returned, country by country';

/**
 * Deploys a read model with a mistake, finds out what is wrong, and replaces it while it serves.
 *
 * @returns whether the new one matches the file
 */
export async function mendReturns(place: ShopPlace, { returnedPieces }: ExpectedTotals): Promise<boolean> {
  heading('A wrong read model, mended while it serves');
  await deployWrong(place, returnedPieces);
  await findWrongRows(place);
  return await deployNewVersion(place, returnedPieces);
}

/** A release of the shop with these read models alone. */
function openRelease<const TProjections extends readonly AnyProjection[]>(
  { schema, databaseUrl }: ShopPlace,
  projections: TProjections,
) {
  return createApp({ database: { url: databaseUrl }, schema, projections });
}

async function deployWrong(place: ShopPlace, expected: number): Promise<void> {
  await using shop = await openRelease(place, [wrongReturns]);
  await shop.projections.whenCaughtUp(wrongReturns);
  checkLine(WHAT, amount, sumOf(await shop.query(wrongReturns).execute()), expected);
}

/** The rule is corrected: a replay says which rows the former one has left behind, and what they should be. */
async function findWrongRows(place: ShopPlace): Promise<void> {
  await using shop = await openRelease(place, [correctedReturns]);
  await shop.projections.whenCaughtUp(correctedReturns);
  const { equal, message } = await shop.projections.verify(correctedReturns);
  line(equal ? 'no row is wrong' : message);
  const [stored] = await shop.query(correctedReturns).orderBy('lines', 'desc').execute();
  if (stored === undefined) return;
  const { country } = stored;
  const { row, changedBy } = await shop.projections.explain(correctedReturns, { country });
  line(
    `${country} has ${amount(stored.pieces)}; by the log it is ${amount(row?.pieces ?? 0)}, last changed by the event at ${amount(changedBy.pieces?.event.position ?? 0)}`,
  );
}

/** Both versions run: the old one serves until the new one has caught up. */
async function deployNewVersion(place: ShopPlace, expected: number): Promise<boolean> {
  await using shop = await openRelease(place, [correctedReturns, newReturns]);
  const { highWaterMark } = await shop.status();
  const bar = buildProgressBar(highWaterMark);
  const caughtUp = shop.projections.whenCaughtUp(newReturns);
  let built = false;
  void caughtUp.then(() => (built = true));
  while (!built) {
    const statuses = await shop.projections.status();
    bar.update(statuses.find(({ version }) => version === newReturns.version)?.position ?? 0);
    await shop.query(correctedReturns).execute();
  }
  await caughtUp;
  bar.update(highWaterMark);
  bar.stop();
  return checkLine(WHAT, amount, sumOf(await shop.query(newReturns).execute()), expected);
}

function sumOf(rows: readonly { readonly pieces: number }[]): number {
  return rows.reduce((pieces, row) => pieces + row.pieces, 0);
}
