import type { KnownOnly } from '../aggregate/evolve-handlers.ts';
import type { AnyEventGroup, RecordedEventOf } from '../event/define-events.ts';
import type { EventShapes } from '../event/event-shapes.ts';
import type { Immutable } from '../fold/immutable.ts';
import type { OnFailure } from '../projection/define-projection.ts';
import type { ReactionStart } from '../reaction/reaction-start.ts';
import type { RetryOptions } from '../retry/retry-policy.ts';
import type { ProcessInputs, ProcessMessages } from './process-inputs.ts';
import type { ProcessOut, ReactResult } from './process-outputs.ts';

/** How one input changes the state. Pure, and does not throw: it also replays inputs that were recorded before. */
export type ProcessEvolve<TInputs, TState> = {
  readonly [TType in keyof TInputs]?: (state: TState, input: TInputs[TType]) => TState;
};

/** What a function of `react` gets beside the input. */
export interface ProcessContext {
  /** Of the instance. */
  readonly id: string;
}

/** What follows from one input. */
export type ProcessReact<TInputs, TState, TOut> = {
  readonly [TType in keyof TInputs]?: (
    state: TState,
    input: TInputs[TType],
    out: TOut,
    context: ProcessContext,
  ) => ReactResult;
};

/** Which instance an event concerns. */
export type ProcessCorrelate<TGroups extends readonly AnyEventGroup[]> = {
  readonly [TType in RecordedEventOf<TGroups[number]>['type']]?: (
    event: Extract<RecordedEventOf<TGroups[number]>, { readonly type: TType }>,
  ) => string | undefined;
};

/** Types of events and messages. */
type OutsideType<TGroups extends readonly AnyEventGroup[], TMessages extends ProcessMessages> =
  | RecordedEventOf<TGroups[number]>['type']
  | (keyof TMessages & string);

/** Options of `defineProcess`. */
export interface ProcessOptions<
  TName extends string,
  TGroups extends readonly AnyEventGroup[],
  TMessages extends ProcessMessages,
  TDeadline extends string,
  TPublishes extends EventShapes,
  TState,
  TEvolve,
> {
  /** Names the process, its checkpoint, and its streams `<name>-<id>`: no aggregate may have the same name. */
  readonly name: TName;
  /**
   * Increase it when the functions or the shape of the state change. Instances that run keep their version, so an app gets
   * the former versions too until the last of their instances has ended, or was moved. @default 1
   */
  readonly version?: number;
  /** The events that it reads. */
  readonly events: TGroups;
  /** The messages of other services that it takes, by type. @default none */
  readonly messages?: TMessages;
  /** The names of its deadlines. @default none */
  readonly deadlines?: readonly TDeadline[];
  /** Events `<name>.<event>` that it appends to its own stream, for projections, relays and others. @default none */
  readonly publishes?: TPublishes;
  /** The types of events and messages that begin an instance. */
  readonly starts: readonly NoInfer<OutsideType<TGroups, TMessages>>[];
  /**
   * By event type, the id of the instance that an event concerns; undefined for one that concerns none. Events without a
   * function are not read.
   */
  readonly correlate: ProcessCorrelate<TGroups>;
  /** The state of an instance before its first input. JSON has to keep a state. It is frozen. */
  readonly initialState: TState;
  /** By type of input. A result with a field that the state does not have does not compile. @default the state stays */
  readonly evolve?: TEvolve &
    ProcessEvolve<
      ProcessInputs<NoInfer<TGroups>, NoInfer<TMessages>, NoInfer<TDeadline>>,
      NoInfer<Immutable<TState>>
    > &
    KnownOnly<NoInfer<TEvolve>, Immutable<TState>, Readonly<Record<string, unknown>>>;
  /**
   * By type of input, what the process wants done: pure, called once for each input, with the state after it. What it
   * returns is recorded with the input, and done afterwards.
   *
   * Without a function for `rejected`, the instance fails when one of its commands is rejected. With one for `cancelled`, an
   * instance that an operator cancels can compensate first; it ends when it says so.
   *
   * @default nothing
   */
  readonly react?: ProcessReact<
    ProcessInputs<NoInfer<TGroups>, NoInfer<TMessages>, NoInfer<TDeadline>>,
    NoInfer<Immutable<TState>>,
    ProcessOut<
      NoInfer<TDeadline>,
      NoInfer<TPublishes>,
      NoInfer<OutsideType<TGroups, TMessages>> | 'accepted' | 'rejected'
    >
  >;
  /** A line for operators, recorded with each input: at most 200 characters of it. @default none */
  readonly summary?: (state: NoInfer<Immutable<TState>>) => string;
  /** The state of this version, from that of an instance which is moved from an older one. @default as it is */
  readonly migrate?: (state: unknown, fromVersion: number) => NoInfer<Immutable<TState>>;
  /** Most instances of a slice that are worked on at one time, from 1 to 1000. @default 10 */
  readonly concurrency?: number;
  /** How many slices the instances are divided into, at most 1024. It may change without a new version. @default 1 */
  readonly slices?: number;
  /** Used once, when the first version is migrated. @default 'end': events of the past begin no instances */
  readonly start?: ReactionStart;
  /**
   * What happens when an event has failed as often as `retry.attempts` says: a command threw, which is no rejection. `park`:
   * the instance is parked until an operator resumes it or gives the event up, and others go on. `stop`: the process stops.
   *
   * @default 'park'
   */
  readonly onFailure?: OnFailure;
  /**
   * How often an event is tried. Meanwhile its instance waits, and no other. A deadline that fails is tried with these delays
   * too, without limit. @default attempts 5, firstDelayMs 1000, maxDelayMs 60000
   */
  readonly retry?: RetryOptions;
  /** Milliseconds for the commands of one input, and for firing a deadline; then it is a failure. @default 20000 */
  readonly timeoutMs?: number;
}
