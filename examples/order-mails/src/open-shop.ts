import { createApp } from 'leftfold';
import { order } from './domain/order.ts';
import type { SendMail } from './mail/mail.ts';
import { confirmationsBy } from './reactions/confirmations.ts';

/** @param databaseUrl @default DATABASE_URL, otherwise the embedded PostgreSQL in `.leftfold/postgres` */
export async function openShop(sendMail: SendMail, databaseUrl?: string) {
  const confirmations = confirmationsBy(sendMail);
  const app = await createApp({
    schema: 'order_mails',
    aggregates: [order],
    reactions: [confirmations],
    database: { url: databaseUrl },
  });
  return { app, confirmations };
}
