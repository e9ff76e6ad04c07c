import { appendGuarantees } from './guarantees/append.ts';
import { atomicGuarantees } from './guarantees/atomic.ts';
import { badInputGuarantees } from './guarantees/bad-input.ts';
import { closingGuarantees } from './guarantees/closing.ts';
import { concurrencyGuarantees } from './guarantees/concurrency.ts';
import { conditionGuarantees } from './guarantees/conditions.ts';
import { decisionGuarantees } from './guarantees/decisions.ts';
import { definitionGuarantees } from './guarantees/definitions.ts';
import { expectationGuarantees } from './guarantees/expectations.ts';
import { idempotencyGuarantees } from './guarantees/idempotency.ts';
import { limitGuarantees } from './guarantees/limits.ts';
import { ownershipGuarantees } from './guarantees/ownership.ts';
import { payloadGuarantees } from './guarantees/payloads.ts';
import { queryFormGuarantees } from './guarantees/query-forms.ts';
import { randomGuarantees } from './guarantees/random.ts';
import { readAllGuarantees } from './guarantees/read-all.ts';
import { readStreamGuarantees } from './guarantees/read-stream.ts';
import { retiredGuarantees } from './guarantees/retired.ts';
import { selectionGuarantees } from './guarantees/selections.ts';
import { subscribeGuarantees } from './guarantees/subscribe.ts';

/** All guarantees of the port, by topic. The key of each is the name of its test. */
export const guarantees = {
  append: appendGuarantees,
  'expected versions': expectationGuarantees,
  'several streams': atomicGuarantees,
  'conditions on tags': conditionGuarantees,
  'queries of every form': queryFormGuarantees,
  'reading for a decision': decisionGuarantees,
  idempotency: idempotencyGuarantees,
  concurrency: concurrencyGuarantees,
  'reading a stream': readStreamGuarantees,
  'reading the log': readAllGuarantees,
  'several queries, bounds and directions of reads': selectionGuarantees,
  subscriptions: subscribeGuarantees,
  'definitions and schema versions': definitionGuarantees,
  'retired events': retiredGuarantees,
  'bad input': badInputGuarantees,
  payloads: payloadGuarantees,
  ownership: ownershipGuarantees,
  closing: closingGuarantees,
  limits: limitGuarantees,
  'random operations': randomGuarantees,
} as const;

type Guarantees = typeof guarantees;

/** The name of a test of the contract. */
export type StoreGuarantee = { [TTopic in keyof Guarantees]: keyof Guarantees[TTopic] }[keyof Guarantees];
