import { defineDecision, defineEvents, defineFold, tagged } from '@leftfold/core';
import { z } from 'zod';

const ofAccount = z.object({ accountId: z.string() });
const deposit = ofAccount.extend({ cents: z.int(), reference: z.string(), note: z.string() });
const accountTag = ({ accountId }: z.output<typeof ofAccount>) => ({ account: accountId });

/** The events of accounts, found by their tag. */
const taggedAccountEvents = defineEvents('account', {
  opened: tagged(ofAccount.extend({ owner: z.string() }), accountTag),
  deposited: tagged(deposit, accountTag),
});

const auditEvents = defineEvents('audit', {
  made: tagged(deposit.extend({ auditId: z.string() }), ({ auditId }) => ({ audit: auditId })),
});

const balance = defineFold({
  events: [taggedAccountEvents],
  initialState: { cents: 0, entries: 0 },
  evolve: {
    'account.deposited': (state, { cents }) => ({ cents: state.cents + cents, entries: state.entries + 1 }),
  },
});

const reads = ({ accountId }: z.output<typeof ofAccount>) => ({
  account: balance.for({ account: accountId }),
});

/** The rule of the aggregate's command `deposit`. */
export const depositDecision = defineDecision({
  name: 'deposit',
  input: deposit,
  events: [taggedAccountEvents],
  reads,
  decide: (_, input, emit) => emit.account.deposited(input),
});

/** A rule that reads the events of an account and adds none to them. */
export const auditDecision = defineDecision({
  name: 'audit',
  input: deposit.extend({ auditId: z.string() }),
  events: [taggedAccountEvents, auditEvents],
  reads,
  decide: (_, input, emit) => emit.audit.made(input),
});

export const taggedEvents = [taggedAccountEvents, auditEvents] as const;
