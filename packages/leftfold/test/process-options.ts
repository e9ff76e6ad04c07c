import type { EventGroup } from '@leftfold/core';
import { z } from 'zod';

/** Options of a process that has every one of them. */
export function processOptionsWith(events: EventGroup<'account', { readonly opened: { owner: string } }>) {
  return {
    name: 'payment',
    version: 1,
    events: [events],
    messages: { 'payments.paid': z.object({ cents: z.int() }) },
    deadlines: ['late'],
    publishes: { settled: z.object({ owner: z.string() }) },
    starts: ['account.opened'],
    correlate: { 'account.opened': () => 'a' },
    initialState: {},
    evolve: { deadline: (state: object) => state },
    react: { deadline: () => {} },
    summary: () => 'a',
    migrate: () => ({}),
    concurrency: 1,
    slices: 1,
    start: 'end',
    onFailure: 'stop',
    retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
    timeoutMs: 1,
  } as const;
}
