import { createApp } from 'leftfold';
import { account } from './domain/account.ts';
import { transfer } from './domain/transfer.ts';
import { balances } from './read/balances.ts';

/** Where a bank keeps its log. */
export interface BankPlace {
  readonly databaseUrl: string;
  readonly schema: string;
}

/** One process of the bank. Any number of them may work on one log. */
export function openBank({ databaseUrl, schema }: BankPlace) {
  return createApp({
    databaseUrl,
    schema,
    aggregates: [account],
    decisions: [transfer],
    projections: [balances],
  });
}

export type Bank = Awaited<ReturnType<typeof openBank>>;
