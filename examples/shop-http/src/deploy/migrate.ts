import { migrateShop } from './migrate-shop.ts';

const { MIGRATION_URL: loginUrl } = process.env;
if (loginUrl === undefined)
  throw new Error('set MIGRATION_URL to a login that is a member of leftfold_owner');
await migrateShop(loginUrl);
