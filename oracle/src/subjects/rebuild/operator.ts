import { createApp } from 'leftfold';
import { ledger, projections, till } from './ledger.ts';

export type Operator = Awaited<ReturnType<typeof startOperator>>;

/** Runs nothing itself: it asks for rebuilds, and the readers' processes build. */
export function startOperator(url: string) {
  return createApp({
    aggregates: [ledger, till],
    projections,
    database: { url, waitMs: 60_000, answerTimeoutMs: 6_000 },
    subscriptions: { run: false },
  });
}
