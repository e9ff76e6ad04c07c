import type { PostgresEventStore } from '@leftfold/event-store';
import type { LeaseManager } from '../lease/lease-manager.ts';
import type { SubscriptionIncident } from '../status/subscription-incident.ts';
import type { SubscriptionWaiters } from '../wait/subscription-waiters.ts';
import type { RetryPolicy } from '@leftfold/core';
import type { IdleAdvances } from './idle-advances.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** What the loops of one runner share. */
export interface LoopOptions {
  readonly store: PostgresEventStore;
  readonly leases: LeaseManager;
  readonly waiters: SubscriptionWaiters;
  /** Most events of a batch. */
  readonly batchSize: number;
  readonly batchTimeoutMs: number;
  /** For the events of pages that are being processed. */
  readonly memory: MemoryBudget;
  readonly idleAdvances: IdleAdvances;
  readonly retry: RetryPolicy;
  readonly onIncident: (incident: SubscriptionIncident) => void;
}
