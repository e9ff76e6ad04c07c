import type { EventStore } from '@leftfold/core';
import type { GuaranteeId as AnyGuaranteeId } from '@leftfold/testbed/guarantees';
import { expectTypeOf, test } from 'vitest';
import { createMemoryStore } from '../memory/create-memory-store.ts';
import type { GuaranteeId } from './guarantee-id.ts';
import type { StoreGuarantee } from './guarantees.ts';
import { type StoreUnderTest, storeContract } from './store-contract.ts';
import type { ContractStore } from './subject.ts';

const subject: Omit<StoreUnderTest, 'skip'> = {
  name: 'mine',
  createStore: ({ events }) => Promise.resolve(createMemoryStore({ events })),
};

test('a store under test is an EventStore that can be disposed of', () => {
  expectTypeOf<ContractStore>().toExtend<EventStore & AsyncDisposable>();
});

test('a guarantee is skipped by the name of its test, with a reason', () => {
  const name: StoreGuarantee = 'a version after the end is a conflict, and leaves no hole';
  expectTypeOf({ ...subject, skip: [{ test: name, reason: 'not yet' }] }).toExtend<StoreUnderTest>();
  // @ts-expect-error no test has this name
  storeContract({ ...subject, skip: [{ test: 'it works', reason: 'not yet' }] });
  // @ts-expect-error the reason is missing
  storeContract({ ...subject, skip: [{ test: name }] });
});

test('the guarantees that the contract declares are in the list of all guarantees', () => {
  expectTypeOf<GuaranteeId>().toExtend<AnyGuaranteeId>();
});
