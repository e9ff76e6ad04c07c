import type { EventMetadata, EventStore, RetryPolicy } from '@leftfold/core';
import type { AppendedTypes } from '../decide/appended-types.ts';
import type { Plan } from '../decide/plan.ts';
import type { FoldLoader } from '../load/fold-loader.ts';
import type { Loader } from '../load/loader.ts';
import type { PlanLoader } from '../load/plan-loader.ts';
import type { ContendedLanes } from '../stream-queue/contended-lanes.ts';
import type { StreamQueues } from '../stream-queue/stream-queues.ts';
import type { Cancellation } from './cancellation.ts';
import type { AnyResult } from './command-result.ts';
import type { CommandExecution } from './middleware.ts';

/** Shared by all executions of one executor. */
export interface ExecutorContext {
  readonly store: EventStore;
  readonly loader: Loader;
  readonly foldLoader: FoldLoader;
  readonly planLoader: PlanLoader;
  readonly queues: StreamQueues;
  readonly contended: ContendedLanes;
  readonly appendedTypes: AppendedTypes;
  readonly random: () => number;
}

/** The input of one execution. */
export interface ExecutionRequest {
  readonly plan: Plan;
  readonly commandId: string;
  /** True when the caller gave the command id: the command may have been executed before. */
  readonly mayBeDuplicate: boolean;
  readonly metadata: EventMetadata;
  readonly retry: RetryPolicy;
  readonly now: Date;
  readonly newId: () => string;
  readonly cancellation: Cancellation;
  readonly toRejection: CommandExecution<string>['toRejection'];
}

/** The outcome of one attempt that needs no retry. */
export type AttemptResult =
  | { readonly kind: 'appended'; readonly result: AnyResult }
  | { readonly kind: 'nothing-appended'; readonly result: AnyResult }
  | { readonly kind: 'failed'; readonly error: unknown };
