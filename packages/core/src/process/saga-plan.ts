import type { AnyCommand } from '../aggregate/command.ts';
import type { RetryPolicy } from '../retry/retry-policy.ts';
import type { PublishOutput } from './process-outputs.ts';

/** `compensatable`: before the pivot. `retriable`: behind it. */
export type SagaStepKind = 'compensatable' | 'pivot' | 'retriable';

/** A function of a step. */
export type SagaFunction = (scope: object, out: object) => AnyCommand | PublishOutput;

/** A step of a saga, without its types. */
export interface SagaStep {
  readonly name: string;
  readonly kind: SagaStepKind;
  readonly run: SagaFunction;
  readonly compensate: SagaFunction | undefined;
  /** Input types that say that it succeeded; none: that its command was accepted. */
  readonly done: readonly string[];
  /** Input types that say that it did not. */
  readonly refused: readonly string[];
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | undefined;
}

/** The end of a saga, as its function `ended` gets it. */
export interface SagaEnd<TInput> {
  readonly id: string;
  readonly input: TInput;
  readonly outcome: 'completed' | 'compensated';
  /** Why it was compensated; empty for a completed one. */
  readonly reason: string;
}

/** What a saga does, in order. */
export interface SagaPlan {
  readonly name: string;
  readonly startedBy: string;
  /** Input types that cancel an instance, as an operator does. */
  readonly cancelledBy: readonly string[];
  readonly steps: readonly SagaStep[];
  readonly compensationRetry: RetryPolicy;
  readonly ended: ((end: SagaEnd<never>, out: object) => unknown) | undefined;
}

/** The id of a command of a saga among its others, as `rejected` and `accepted` have it: `flight#1`, `compensate:flight#1`. */
export function commandNamed(
  step: string,
  attempt: number,
  { compensates }: { readonly compensates: boolean },
) {
  return `${compensates ? 'compensate:' : ''}${step}#${attempt}`;
}

const commandName = /^(compensate:)?([^#:]+)#(\d+)$/;

/** What a command of a saga was for; undefined for another one. */
export function commandMeant(as: string | undefined) {
  const [, compensate, step, attempt] = commandName.exec(as ?? '') ?? [];
  if (step === undefined) return undefined;
  return { step, attempt: Number(attempt), compensates: compensate !== undefined };
}

/**
 * `timeout`: a step had no answer. `retry`: it is run again. `compensate`: it is compensated again. `published`: its
 * compensation was published, and is done by that.
 */
export const sagaTimers = ['timeout', 'retry', 'compensate', 'published'] as const;

export type SagaTimer = (typeof sagaTimers)[number];

/** The name of a deadline. No timer has a hyphen, so that the first one ends it. */
export const deadlineNamed = (timer: SagaTimer, step: string): string => `${timer}-${step}`;

export function deadlineMeant(name: string): { readonly timer: SagaTimer; readonly step: string } {
  const end = name.indexOf('-');
  // Sound: a saga has deadlines with these names only.
  return { timer: name.slice(0, end) as SagaTimer, step: name.slice(end + 1) };
}

/** The deadlines that a saga can set. */
export function deadlinesOf(steps: readonly SagaStep[]): readonly string[] {
  return steps.flatMap(({ name, kind, timeoutMs, retry, compensate }) => [
    ...(timeoutMs === undefined ? [] : [deadlineNamed('timeout', name)]),
    // From the pivot on, a step without an answer is asked for again, however often it may be refused.
    ...(retry.attempts > 1 || (kind !== 'compensatable' && timeoutMs !== undefined)
      ? [deadlineNamed('retry', name)]
      : []),
    ...(compensate === undefined
      ? []
      : [deadlineNamed('compensate', name), deadlineNamed('published', name)]),
  ]);
}
