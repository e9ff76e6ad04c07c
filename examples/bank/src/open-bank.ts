import { createApp } from 'leftfold';
import { account } from './domain/account.ts';
import { transfer } from './domain/transfer.ts';
import { balances } from './read/balances.ts';

/** The database and schema of a bank's log. */
export interface BankPlace {
  readonly databaseUrl: string;
  readonly schema: string;
}

/** Opens one process of the bank. Any number of processes can share one log. */
export function openBank({ databaseUrl, schema }: BankPlace) {
  return createApp({
    database: { url: databaseUrl },
    schema,
    aggregates: [account],
    decisions: [transfer],
    projections: [balances],
  });
}

export type Bank = Awaited<ReturnType<typeof openBank>>;
