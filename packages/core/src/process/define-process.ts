import type { z } from 'zod';
import type { Command } from '../aggregate/command.ts';
import type { AnyAggregate } from '../aggregate/define-aggregate.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownValue } from '../errors/shown.ts';
import type { AnyEventGroup, EventGroup } from '../event/define-events.ts';
import type { RecordedEvent } from '../event/event.ts';
import type { EventShapes, ShapePayload } from '../event/event-shapes.ts';
import type { Immutable } from '../fold/immutable.ts';
import { initialStateOf } from '../fold/initial-state.ts';
import { isPromise, nextState } from '../fold/next-state.ts';
import { sourceOf } from '../input/source-of.ts';
import type { OnFailure } from '../projection/define-projection.ts';
import type { ReactionStart } from '../reaction/reaction-start.ts';
import { type RetryPolicy, toRetryPolicy } from '../retry/retry-policy.ts';
import { assertProcessOptions } from './assert-process-options.ts';
import { processEventsOf } from './process-events.ts';
import type { ProcessInputs, ProcessMessages, RecordedInput } from './process-inputs.ts';
import type { ProcessContext, ProcessEvolve, ProcessOptions } from './process-options.ts';
import { outputsOf } from './outputs-of.ts';
import type { NotCancelled } from './saga-state.ts';
import { unknownMessage } from './unknown-message.ts';
import { processOut, type ProcessOutput, recordedIn } from './process-outputs.ts';

/** A message for an instance, as its recipient executes it. */
export type ProcessMessageCommand<TName extends string = string> = Command<
  TName,
  'receive',
  { readonly type: string; readonly data: unknown }
>;

/** A process, without the types of its events and its state. */
export interface AnyProcess {
  readonly kind: 'process';
  readonly name: string;
  readonly version: number;
  readonly events: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly eventTypes: readonly string[];
  /** The types of events and messages that begin an instance. */
  readonly starts: readonly string[];
  readonly messages: ProcessMessages;
  readonly deadlines: readonly string[];
  /** All events in its streams. */
  readonly own: AnyEventGroup;
  /** The events in its streams that it publishes. */
  readonly published: AnyEventGroup;
  readonly initialState: unknown;
  /** Source text of its functions. */
  readonly code: readonly string[];
  readonly concurrency: number;
  readonly slices: number;
  readonly start: ReactionStart;
  readonly onFailure: OnFailure;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** The id of the instance that an event concerns. @throws what `correlate` throws; InvalidDefinitionError when it returns no text, or an empty one */
  instanceOf(event: RecordedEvent): string | undefined;
  /** Whether `evolve` or `react` has a function for inputs of this type. */
  handles(type: string): boolean;
  /** Whether `react` has a function for inputs of this type. */
  reactsTo(type: string): boolean;
  /** @throws what `evolve` throws */
  evolve(state: unknown, input: RecordedInput): unknown;
  /** @param state after the input. @throws what `react` throws; InvalidDefinitionError when it returns something else */
  react(state: unknown, input: RecordedInput, context: ProcessContext): readonly ProcessOutput[];
  /** @throws what `summary` throws */
  summaryOf(state: unknown): string | undefined;
  /** @throws what `migrate` throws */
  migrate(state: unknown, fromVersion: number): unknown;
  /** Why an operator cannot cancel an instance in this state; undefined when it can. Of a saga only. */
  whyNotCancelled?(state: unknown): NotCancelled | undefined;
}

/** A process manager. Made by {@link defineProcess}. */
export interface Process<
  TName extends string = string,
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
  TMessages extends ProcessMessages = ProcessMessages,
  TPublishes extends EventShapes = EventShapes,
  TState = unknown,
> extends AnyProcess {
  readonly name: TName;
  readonly events: TGroups;
  readonly messages: TMessages;
  /** The events that it publishes, for projections, relays, reactions and other processes. Of the newest version only. */
  readonly published: EventGroup<
    TName,
    { [TEvent in keyof TPublishes & string]: ShapePayload<TPublishes[TEvent]> }
  >;
  readonly initialState: TState;
  /**
   * A message of another service as a command, for the handler of a consumer: the instance takes it once for each command
   * id, which a consumer gives by itself. It is rejected when the instance has ended, or does not exist and is not begun by it.
   *
   * @param id of the instance
   *
   * @example
   * on: { 'payment.settled': ({ data, subject }, { execute }) => execute(transfer.message('payment.settled', subject, data)) }
   */
  message<TType extends keyof TMessages & string>(
    type: TType,
    id: string,
    data: z.input<TMessages[TType]>,
  ): ProcessMessageCommand<TName>;
}

/**
 * What a process adds to the commands of an app, as an aggregate does: its messages. Its instances are the aggregates.
 *
 * `TProcess`: a process, or several.
 */
export type ProcessAggregate<TProcess> = TProcess extends {
  readonly own: infer TEvents extends AnyEventGroup;
  message(type: infer TType, ...given: never): infer TCommand;
}
  ? [TType] extends [never]
    ? never
    : AnyAggregate & { readonly events: TEvents; readonly command: { receive(): TCommand } }
  : never;

/** The state of a process: `ProcessStateOf<typeof transfer>`. */
export type ProcessStateOf<TProcess extends AnyProcess> = TProcess['initialState'];

const defaultRetry: RetryPolicy = { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 };
/** Of a summary, in characters. */
const MOST_SUMMARY = 200;
const NONE = {};

/** JSON keeps it, whatever the limit cuts in two. */
const summaryText = (text: string) => text.slice(0, MOST_SUMMARY).replaceAll('\u0000', '').toWellFormed();

/**
 * Defines a process: what follows, over time, from events of several aggregates and from messages of other services.
 *
 * Each instance has a stream of its own, which records every input once together with what is to be done; commands are
 * executed once, deadlines by the clock of the database. All functions are pure: no I/O, no clock, no randomness.
 *
 * @example
 * ```ts
 * export const transfer = defineProcess({
 *   name: 'transfer',
 *   events: [requestEvents, accountEvents],
 *   deadlines: ['too-late'],
 *   starts: ['request.made'],
 *   correlate: {
 *     'request.made': ({ streamId }) => aggregateIdOf(streamId),
 *     'account.withdrawn': ({ data }) => data.transferId,
 *   },
 *   initialState: { to: '', cents: 0 },
 *   evolve: { 'request.made': (state, { data }) => ({ ...state, to: data.to, cents: data.cents }) },
 *   react: {
 *     'request.made': (_state, { data }, out, { id }) => [
 *       out.execute(account.command.withdraw(data.from, { cents: data.cents, transferId: id })),
 *       out.schedule('too-late', { afterMs: 60_000 }),
 *     ],
 *     'account.withdrawn': (state, _input, out) => [
 *       out.execute(account.command.deposit(state.to, { cents: state.cents })),
 *       out.complete(),
 *     ],
 *     deadline: (_state, { name }, out) => out.fail(name),
 *   },
 * });
 * ```
 *
 * @throws InvalidNameError when a name is empty, too long, reserved, or has other characters than it may.
 * @throws InvalidDefinitionError when the initial state contains a Map, a Set or an instance of a class.
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 */
export function defineProcess<
  const TName extends string,
  const TGroups extends readonly AnyEventGroup[],
  TState,
  TEvolve extends ProcessEvolve<
    ProcessInputs<NoInfer<TGroups>, NoInfer<TMessages>, NoInfer<TDeadline>>,
    NoInfer<Immutable<TState>>
  >,
  TMessages extends ProcessMessages = Readonly<Record<never, never>>,
  const TDeadline extends string = never,
  TPublishes extends EventShapes = Readonly<Record<never, never>>,
>(
  options: ProcessOptions<TName, TGroups, TMessages, TDeadline, TPublishes, TState, TEvolve>,
): Process<TName, TGroups, TMessages, TPublishes, Immutable<TState>> {
  assertProcessOptions(options);
  const {
    name,
    version = 1,
    events,
    concurrency = 10,
    slices = 1,
    start = 'end',
    onFailure = 'park',
  } = options;
  const deadlines = [...(options.deadlines ?? [])];
  const starts = [...options.starts];
  const { timeoutMs = 20_000, summary, migrate } = options;
  const messages: ProcessMessages = { ...options.messages };
  const { own, published } = processEventsOf(name, options.publishes ?? NONE);
  // Sound: each function is called with events and inputs of its type.
  const correlate = { ...options.correlate } as Functions<[RecordedEvent], unknown>;
  const evolve = { ...options.evolve } as Functions<[unknown, RecordedInput], unknown>;
  const react = { ...options.react } as Functions<[unknown, RecordedInput, unknown, ProcessContext], unknown>;
  const eventTypes = Object.keys(correlate).filter((type) => correlate[type] !== undefined);
  const handles = (type: string) => of(evolve, type) !== undefined || of(react, type) !== undefined;
  // Without a function for it, that a command was accepted is not recorded.
  const answers = handles('accepted') ? ['accepted', 'rejected'] : ['rejected'];
  const inputTypes = [...eventTypes, ...Object.keys(messages), ...answers];
  const made: ProcessOutput[] = [];
  const out = recordedIn(made, processOut({ process: name, deadlines, inputTypes, published }));
  const functions = [...[correlate, evolve, react].flatMap(Object.values<unknown>), summary, migrate];
  const process: AnyProcess = {
    kind: 'process',
    name,
    version,
    events,
    eventTypes,
    starts,
    messages,
    deadlines,
    own,
    published,
    initialState: initialStateOf(`process "${name}"`, options.initialState),
    code: functions.filter((one) => one !== undefined).map(sourceOf),
    concurrency,
    slices,
    start,
    onFailure,
    retry: toRetryPolicy(options.retry, defaultRetry),
    timeoutMs,
    instanceOf(event) {
      const id = synchronous(
        `correlate["${event.type}"] of process "${name}"`,
        of(correlate, event.type)?.(event),
      );
      if (id === undefined || (typeof id === 'string' && id !== '')) return id;
      throw new InvalidDefinitionError(
        `correlate["${event.type}"] of process "${name}" returned ${id === '' ? 'an empty text' : shownValue(id)}; return the id of an instance, or undefined`,
      );
    },
    handles,
    reactsTo: (type) => of(react, type) !== undefined,
    evolve: (state, input) => {
      const handler = of(evolve, input.type);
      return handler === undefined ? state : nextState(input.type, handler(state, input));
    },
    react: (state, input, context) => {
      made.length = 0;
      return outputsOf(name, input.type, {
        returned: of(react, input.type)?.(state, input, out, context),
        made,
      });
    },
    summaryOf: (state) => {
      // Sound: the state is one of this process.
      const text: unknown = synchronous(
        `summary of process "${name}"`,
        summary?.(state as Immutable<TState>),
      );
      return text === undefined ? undefined : summaryText(typeof text === 'string' ? text : shownValue(text));
    },
    migrate: (state, fromVersion) =>
      migrate === undefined
        ? state
        : synchronous(`migrate of process "${name}"`, migrate(state, fromVersion)),
  };
  const message = (type: string, id: string, data: unknown) => {
    if (typeof type !== 'string' || !Object.hasOwn(messages, type))
      throw unknownMessage(name, type, messages);
    return { aggregate: name, id, name: 'receive', input: { type, data } };
  };
  // Sound: the names, groups and schemas are those of the options.
  return { ...process, message } as never;
}

/** @throws InvalidDefinitionError for a promise */
function synchronous<TResult>(what: string, returned: TResult): TResult {
  if (!isPromise(returned)) return returned;
  returned.catch(() => {});
  throw new InvalidDefinitionError(`${what} returned a promise; it must be synchronous, without I/O`);
}

type Functions<TArguments extends readonly unknown[], TResult> = Readonly<
  Record<string, ((...given: TArguments) => TResult) | undefined>
>;

/** Not what every object inherits. */
function of<TValue>(members: Readonly<Record<string, TValue>>, name: string): TValue | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
