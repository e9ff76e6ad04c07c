import type { JsonObject, JsonValue } from '../event/json.ts';

/**
 * How far a saga is. `stuck`: a compensation was rejected as often as it may be, and an operator is needed. `completed` and
 * `compensated` are its ends.
 */
export type SagaPhase = 'new' | 'forward' | 'compensating' | 'stuck' | 'completed' | 'compensated';

/** Why a saga is not cancelled: it only goes forward, or it is taken back already. */
export type NotCancelled = 'pivot-succeeded' | 'compensating';

/** A step that was begun. */
export interface SagaStepState extends JsonObject {
  /** `waiting`: for its next attempt. `unknown`: there was no answer in time, or the saga was cancelled before it. */
  readonly run: 'sent' | 'waiting' | 'done' | 'refused' | 'unknown';
  /** Attempts, the current one included. */
  readonly runs: number;
  /** An attempt had no answer in time, so that the step may have succeeded while it waits for the next attempt. */
  readonly unanswered: boolean;
  /** The data of the answer. */
  readonly result?: JsonValue | undefined;
  readonly compensation: 'none' | 'owed' | 'sent' | 'waiting' | 'done';
  /** How often the compensation was issued. */
  readonly compensations: number;
  /** How often in a row the compensation was rejected. */
  readonly rejections: number;
  /** Its success was heard of while it was being compensated: the compensation may have come before it. */
  readonly again: boolean;
}

/** What a saga does next: made by its fold, and turned into outputs. */
export type SagaAction =
  | {
      readonly do: 'run' | 'retry' | 'compensate' | 'retry-compensation' | 'stuck';
      readonly step: string;
    }
  | { readonly do: 'close'; readonly step: string; readonly timer: 'timeout' | 'retry' | 'compensate' };

/** The state of an instance of a saga. */
export interface SagaState<TInput = JsonValue> {
  /** The data of the event that started it; null before. */
  readonly input: TInput | null;
  readonly phase: SagaPhase;
  /** The step that is run, or was run last. */
  readonly step: string;
  readonly steps: Readonly<Record<string, SagaStepState>>;
  /** Why it is compensated, or is stuck; empty before. */
  readonly reason: string;
  /** Why an operator wants it cancelled while the pivot has not answered; empty otherwise. */
  readonly cancelled: string;
  /** What follows from the last input. */
  readonly next: readonly SagaAction[];
}

export const newSaga: SagaState = {
  input: null,
  phase: 'new',
  step: '',
  steps: {},
  reason: '',
  cancelled: '',
  next: [],
};

export const hasSagaEnded = ({ phase }: Pick<SagaState, 'phase'>): boolean =>
  phase === 'completed' || phase === 'compensated';
