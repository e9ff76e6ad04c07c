import { createApp } from 'leftfold';
import { shop } from '../open-shop.ts';

/**
 * Creates what is missing of the log and the read models, as the role that owns them. Runs no projection.
 *
 * @param loginUrl of a login that is a member of the owner
 */
export async function migrateShop(loginUrl: string, owner = 'leftfold_owner'): Promise<void> {
  const url = new URL(loginUrl);
  url.searchParams.set('options', `-c role=${owner}`);
  const database = { url: url.href, waitMs: 60_000 };
  const app = await createApp({ ...shop, database, subscriptions: { run: false } });
  await app.close();
}
