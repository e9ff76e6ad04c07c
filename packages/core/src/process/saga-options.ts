import type { AnyCommand } from '../aggregate/command.ts';
import type { AnyEventGroup, RecordedEventOf } from '../event/define-events.ts';
import type { EventShapes } from '../event/event-shapes.ts';
import type { RetryOptions } from '../retry/retry-policy.ts';
import type { z } from 'zod';
import type { ProcessMessages } from './process-inputs.ts';
import type { ProcessOptions } from './process-options.ts';
import type { ProcessOut, PublishOutput } from './process-outputs.ts';
import type { SagaEnd } from './saga-plan.ts';

/** The types of a saga, by which its steps are inferred. */
export interface SagaTypes {
  readonly name: string;
  readonly groups: readonly AnyEventGroup[];
  readonly messages: ProcessMessages;
  readonly publishes: EventShapes;
  /** The data of the event that starts it. */
  readonly input: unknown;
}

type AnyOptions = ProcessOptions<
  string,
  readonly AnyEventGroup[],
  ProcessMessages,
  string,
  EventShapes,
  unknown,
  unknown
>;

/** The data of what a saga takes, by type of event or message. */
export type SagaAnswers<TSaga extends SagaTypes> = {
  readonly [TEvent in RecordedEventOf<TSaga['groups'][number]> as TEvent['type']]: TEvent['data'];
} & {
  readonly [TType in keyof TSaga['messages'] & string]: z.output<TSaga['messages'][TType]>;
};

/** Publishes events in a saga's own stream: `out.publish.hotelRequested({ … })`. */
export type SagaOut<TPublishes extends EventShapes> = Pick<ProcessOut<never, TPublishes, never>, 'publish'>;

/** What a function of a step knows. */
export interface SagaScope<TInput, TResults> {
  /** Of the instance. */
  readonly id: string;
  /** The data of the event that started it. */
  readonly input: TInput;
  /** By step, the data of the answer. Steps without `answers` have none. */
  readonly results: TResults;
}

/** Options of `defineSaga`, beside its name. */
export interface SagaOptions<
  TGroups extends readonly AnyEventGroup[],
  TMessages extends ProcessMessages,
  TPublishes extends EventShapes,
  TStart extends string,
> extends Pick<
    AnyOptions,
    'version' | 'concurrency' | 'slices' | 'start' | 'onFailure' | 'retry' | 'timeoutMs'
  > {
  /** The events that it reads. */
  readonly events: TGroups;
  /** The messages of other services that answer its steps, by type. @default none */
  readonly messages?: TMessages;
  /** Events `<name>.<event>` that its steps and its end publish. @default none */
  readonly publishes?: TPublishes;
  /** The type of the event that begins an instance. Its data is the input of the saga. */
  readonly startedBy: TStart & NoInfer<RecordedEventOf<TGroups[number]>['type']>;
  /**
   * The types of the events and messages that cancel an instance, as an operator does: before the pivot it is compensated.
   * One that comes before the saga was started is ignored, and so is one behind the pivot.
   *
   * @default none
   */
  readonly cancelledBy?: readonly SagaCancellation<NoInfer<TGroups>, NoInfer<TMessages>, NoInfer<TStart>>[];
  /** By event type, the id of the instance that an event concerns; undefined for one that concerns none. */
  readonly correlate: {
    readonly [TType in RecordedEventOf<TGroups[number]>['type']]?: (
      event: Pick<
        Extract<RecordedEventOf<TGroups[number]>, { readonly type: TType }>,
        'type' | 'data' | 'streamId'
      >,
    ) => string | undefined;
  };
  /**
   * How often a compensation is tried until the saga is stuck, and an operator is needed.
   *
   * @default attempts 10, firstDelayMs 1000, maxDelayMs 60000
   */
  readonly compensationRetry?: RetryOptions;
  /** Events that the saga publishes when it ends. @default none */
  readonly ended?: (
    end: SagaEnd<SagaInput<NoInfer<TGroups>, NoInfer<TStart>>>,
    out: SagaOut<NoInfer<TPublishes>>,
  ) => PublishOutput | readonly PublishOutput[] | undefined | void;
}

/** The data of the event that starts a saga. */
export type SagaInput<TGroups extends readonly AnyEventGroup[], TStart extends string> = Extract<
  RecordedEventOf<TGroups[number]>,
  { readonly type: TStart }
>['data'];

/** The types of what can cancel a saga: everything that it reads, but for what starts it. */
export type SagaCancellation<
  TGroups extends readonly AnyEventGroup[],
  TMessages extends ProcessMessages,
  TStart extends string,
> = Exclude<RecordedEventOf<TGroups[number]>['type'] | (keyof TMessages & string), TStart>;

/** How it is heard that a step has succeeded, or not. */
export interface StepAnswers<TDone extends string, TType extends string> {
  /** The types of the events and messages that say that it has succeeded. */
  readonly done: readonly TDone[];
  /** Those that say that it has not. @default none */
  readonly refused?: readonly TType[];
}

/** A step without `answers` runs a command: it has succeeded when that is accepted. */
type Wanted<TDone extends string> = [TDone] extends [never] ? AnyCommand : AnyCommand | PublishOutput;

/** What a step has in any place. */
interface AnyStepOptions<TSaga extends SagaTypes, TResults, TDone extends string> {
  /**
   * What the step does: a command of the app, or an event for another service. Pure. A step that may be repeated, because
   * its answer did not come or was a refusal, has to have its effect once: give what it asks for an id of its own.
   */
  readonly run: (
    scope: SagaScope<TSaga['input'], TResults>,
    out: SagaOut<TSaga['publishes']>,
  ) => Wanted<TDone>;
  /** @default its command: accepted, or rejected */
  readonly answers?: StepAnswers<TDone, keyof SagaAnswers<TSaga> & string>;
}

/** A step before the pivot. */
export interface CompensatableStepOptions<
  TSaga extends SagaTypes,
  TResults,
  TName extends string,
  TDone extends string,
> extends AnyStepOptions<TSaga, TResults, TDone> {
  /**
   * Takes the step back: a command of the app, which is repeated while it is rejected, or an event for another service. Pure.
   * It is called when the step has succeeded, and also when nobody knows, so it must be right when there is nothing to take
   * back, and when it is done twice. A service must refuse the step when its compensation came first.
   *
   * @default there is nothing to take back
   */
  readonly compensate?: (
    scope: SagaScope<TSaga['input'], TResults & Partial<StepResult<TSaga, TName, TDone>>>,
    out: SagaOut<TSaga['publishes']>,
  ) => AnyCommand | PublishOutput;
  /** How often it is tried when it is refused. @default once: then the saga is compensated. Delays: 1 s, at most 60 s */
  readonly retry?: RetryOptions | false;
  /** Milliseconds for the answer. Then the step counts as unknown: the saga is compensated, this step included. @default no limit */
  readonly timeoutMs?: number;
}

/** The step that decides: when it has succeeded, the saga only goes forward. */
export interface PivotStepOptions<TSaga extends SagaTypes, TResults, TDone extends string>
  extends AnyStepOptions<TSaga, TResults, TDone> {
  readonly compensate?: undefined;
  /** How often it is tried when it is refused. @default once: then the saga is compensated. Delays: 1 s, at most 60 s */
  readonly retry?: RetryOptions | false;
  /**
   * Milliseconds for the answer. Then it is asked for again, until there is one: a service has to give the same answer each
   * time. A command of the app is always answered. @default no limit
   */
  readonly timeoutMs?: [TDone] extends [never] ? undefined : number;
}

/** A step behind the pivot: it is repeated until it succeeds. */
export interface RetriableStepOptions<TSaga extends SagaTypes, TResults, TDone extends string>
  extends AnyStepOptions<TSaga, TResults, TDone> {
  readonly compensate?: undefined;
  /** The delays between attempts; there is no last one. @default firstDelayMs 1000, maxDelayMs 60000 */
  readonly retry?: Pick<RetryOptions, 'firstDelayMs' | 'maxDelayMs'>;
  /** Milliseconds for the answer. Then it is repeated. A command of the app is always answered. @default no limit */
  readonly timeoutMs?: [TDone] extends [never] ? undefined : number;
}

/** What a step adds to the results. */
export type StepResult<TSaga extends SagaTypes, TName extends string, TDone extends string> = [
  TDone,
] extends [never]
  ? unknown
  : { readonly [TStep in TName]: SagaAnswers<TSaga>[TDone & keyof SagaAnswers<TSaga>] };
