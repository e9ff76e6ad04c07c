import type { z } from 'zod';
import type {
  AnyEventGroup,
  EmittedEventOf,
  EventCreators,
  EventGroup,
  NewEventOf,
} from '../event/define-events.ts';
import type { Payloads } from '../event/event-shapes.ts';
import type { NewEvent } from '../event/event.ts';
import type { DecidedEventOptions } from '../event/event-definition.ts';
import { UnknownCommandError } from '../errors/definition-errors.ts';
import type { Immutable } from '../fold/immutable.ts';
import { initialStateOf } from '../fold/initial-state.ts';
import { streamIdOf } from '../naming/stream-id.ts';
import type { AggregateRead } from './aggregate-read.ts';
import { assertAggregateOptions } from './assert-aggregate-options.ts';
import type { Command, CommandInput, DecideContext } from './command.ts';
import type { CommandTypes, EmittedBy, RejectedBy } from './command-types.ts';
import { checkedDecision } from './decided.ts';
import type { EvolveHandlers, KnownOnly } from './evolve-handlers.ts';
import { type FoldedEvent, foldEventOf } from './fold-event.ts';
import type { Rejection } from './reject.ts';

/** The result of `decide`: one event, a list of events (empty when nothing changes), or a rejection. */
export type DecideResult<TEvent extends NewEvent, TReason extends string> =
  | TEvent
  | readonly TEvent[]
  | Rejection<TReason>;

/** One command: the schema of its input, and the rule that turns it into events. */
interface CommandHandler<
  TState,
  TInput extends CommandInput,
  TEmit,
  TEvent extends NewEvent,
  TReason extends string,
> {
  readonly input: TInput;
  /** Pure: called again with fresh state when another writer appended first. */
  readonly decide: (
    state: TState,
    input: z.output<TInput>,
    emit: TEmit,
    context: DecideContext & { readonly id: string },
  ) => DecideResult<TEvent, TReason>;
}

/** Inputs by command name. */
export type CommandInputs = Readonly<Record<string, CommandInput>>;

/** Infers the result of each command's `decide`. */
type DecideReturns<TResults> = {
  readonly [TName in keyof TResults]: { readonly decide: (...given: never) => TResults[TName] };
};

/** Commands by name. */
type CommandsByName = Readonly<Record<string, CommandTypes<unknown, NewEvent, string>>>;

/** The names of the commands; none for an aggregate without commands, whose inputs are inferred as those of any. */
type NamesOf<TInputs> = string extends keyof TInputs ? never : keyof TInputs & string;

/** What is known of one `decide`. */
type ResultOf<TResults, TName> = TName extends keyof TResults ? TResults[TName] : unknown;

/** One function per command: makes the command as a value. */
type CommandCreators<TCategory extends string, TCommands extends CommandsByName> = {
  readonly [TName in keyof TCommands & string]: (
    id: string,
    input: TCommands[TName]['input'],
  ) => Command<
    TCategory,
    TName,
    TCommands[TName]['input'],
    TCommands[TName]['event'],
    TCommands[TName]['reason']
  >;
};

/** With snapshots, loading an aggregate does not read its whole history. The log always wins over a snapshot. */
export interface SnapshotPolicy {
  /** Write a snapshot when at least this many events were added since the last one. */
  readonly everyEvents: number;
}

/** What {@link defineAggregate} takes. */
export interface AggregateOptions<
  TCategory extends string,
  TPayloads extends Payloads,
  TState,
  TEvolve,
  TInputs extends CommandInputs,
  TReason extends string,
  TResults,
> {
  readonly events: EventGroup<TCategory, TPayloads>;
  /** The state of an aggregate without events. It is frozen, since all aggregates start from the same object. */
  readonly initialState: TState;
  /** One function per event. A missing one, or a result with a field that the state does not have, does not compile. */
  readonly evolve: TEvolve &
    EvolveHandlers<NoInfer<Immutable<TState>>, NoInfer<TPayloads>> &
    KnownOnly<NoInfer<TEvolve>, Immutable<TState>, NoInfer<TPayloads>>;
  /** All reasons for which a command may be rejected. When given, any other reason does not compile. */
  readonly rejections?: readonly TReason[];
  readonly commands: {
    readonly [TName in keyof TInputs]: CommandHandler<
      NoInfer<Immutable<TState>>,
      TInputs[TName],
      EventCreators<TCategory, TPayloads, DecidedEventOptions>,
      NewEventOf<EventGroup<TCategory, TPayloads>>,
      NoInfer<TReason>
    >;
  } & DecideReturns<TResults>;
  /** Increase it when `evolve` or the shape of the state changes, so that older snapshots are ignored. @default 1 */
  readonly stateVersion?: number;
  /** @default no snapshots */
  readonly snapshots?: SnapshotPolicy;
}

/** The part of an aggregate that the framework uses, without its types. */
export interface AnyAggregate {
  readonly name: string;
  readonly events: AnyEventGroup;
  readonly initialState: unknown;
  readonly stateVersion: number;
  readonly snapshots: SnapshotPolicy | undefined;
  readonly commandNames: readonly string[];
  streamId(id: string): string;
  /** @returns the input schema; undefined when the aggregate has no such command. */
  inputOf(command: string): CommandInput | undefined;
  decide(
    command: string,
    state: unknown,
    input: unknown,
    context: DecideContext & { readonly id: string },
  ): DecideResult<NewEvent, string>;
  /** Data of an older schema version is upcast first. */
  evolve(state: unknown, event: FoldedEvent): unknown;
}

/** A consistency boundary. Its state is the left fold of the events of its stream. */
export interface Aggregate<
  TCategory extends string = string,
  TPayloads extends Payloads = Payloads,
  TState = unknown,
  TCommands extends CommandsByName = CommandsByName,
> extends AnyAggregate {
  readonly name: TCategory;
  readonly events: EventGroup<TCategory, TPayloads>;
  readonly initialState: TState;
  /** Makes a command: `account.command.open('acc-1', { owner })`. */
  readonly command: CommandCreators<TCategory, TCommands>;
  /** One aggregate, for a decision that reads it: `reads: ({ ownerId }) => ({ owner: account.at(ownerId) })`. */
  at(id: string): AggregateRead<Aggregate<TCategory, TPayloads, TState, TCommands>>;
  decide(
    command: string,
    state: TState,
    input: unknown,
    context: DecideContext & { readonly id: string },
  ): DecideResult<NewEventOf<EventGroup<TCategory, TPayloads>>, string>;
  evolve(state: TState, event: FoldedEvent): TState;
}

/** The state of an aggregate: `StateOf<typeof account>`. Nothing of it can be assigned: a state is shared. */
export type StateOf<TAggregate extends AnyAggregate> = TAggregate['initialState'];

/** Any command of an aggregate: `CommandOf<typeof account>`. */
export type CommandOf<TAggregate> = TAggregate extends { readonly command: infer TCreators }
  ? {
      [TName in keyof TCreators]: TCreators[TName] extends (...input: never) => infer TCommand
        ? TCommand
        : never;
    }[keyof TCreators]
  : never;

/**
 * Defines an aggregate: its initial state, how events change the state, and the commands that decide on new events.
 *
 * The aggregate is named as the category of its events. All of it is pure: no I/O, no clock and no randomness except
 * what is passed in. Everything is inferred: a wrong event, payload, state, input or reason does not compile.
 *
 * @example
 * ```ts
 * export const account = defineAggregate({
 *   events: accountEvents,
 *   initialState: { open: false, cents: 0 },
 *   evolve: {
 *     opened: (state) => ({ ...state, open: true }),
 *     withdrawn: (state, { cents }) => ({ ...state, cents: state.cents - cents }),
 *   },
 *   commands: {
 *     withdraw: {
 *       input: z.object({ cents: z.int().positive() }),
 *       decide: (state, { cents }, emit) =>
 *         cents > state.cents ? reject('insufficient-funds') : emit.withdrawn({ cents }),
 *     },
 *   },
 * });
 * account.command.withdraw('acc-1', { cents: 500 }); // a command, to be executed
 * ```
 *
 * @throws InvalidDefinitionError when the initial state contains a Map, a Set or an instance of a class.
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 * @throws InvalidNameError when a command's name has other characters than letters, digits, "_" and "-".
 *
 * Source: the decider pattern, Jérémie Chassaing, 2021.
 */
export function defineAggregate<
  const TCategory extends string,
  TPayloads extends Payloads,
  TState,
  TEvolve extends EvolveHandlers<NoInfer<Immutable<TState>>, NoInfer<TPayloads>>,
  TInputs extends CommandInputs,
  TResults,
  const TReason extends string = string,
>(
  options: AggregateOptions<TCategory, TPayloads, TState, TEvolve, TInputs, TReason, TResults>,
): Aggregate<
  TCategory,
  TPayloads,
  Immutable<TState>,
  // An anonymous type, so that an editor shows the commands and not the schemas.
  {
    [TName in NamesOf<TInputs>]: CommandTypes<
      z.input<TInputs[TName]>,
      EmittedBy<ResultOf<TResults, TName>, EmittedEventOf<EventGroup<TCategory, TPayloads>>>,
      RejectedBy<ResultOf<TResults, TName>, TReason>
    >;
  }
> {
  assertAggregateOptions(options);
  const { events, commands, stateVersion = 1 } = options;
  const name = events.category;
  const initialState = initialStateOf(`aggregate "${name}"`, options.initialState);
  const commandNames = Object.keys(commands);
  const own = {
    groups: [events],
    owner: `aggregate "${name}"`,
    fix: 'return its own events only, or decide on several aggregates with defineDecision(...)',
  };

  // The names and types are those of the options by construction; Object.entries and index access forget them.
  const handlers = commands as Readonly<
    Record<
      string,
      CommandHandler<
        Immutable<TState>,
        CommandInput,
        typeof events.create,
        NewEventOf<EventGroup<TCategory, TPayloads>>,
        TReason
      >
    >
  >;
  return {
    name,
    events,
    initialState,
    stateVersion,
    snapshots: options.snapshots,
    commandNames,
    command: creatorsOf(name, commandNames),
    streamId: (id) => streamIdOf(name, id),
    at(id) {
      return { aggregate: this, id };
    },
    inputOf: (command) => (Object.hasOwn(handlers, command) ? handlers[command]?.input : undefined),
    decide(command, state, input, context) {
      const handler = Object.hasOwn(handlers, command) ? handlers[command] : undefined;
      if (handler === undefined) throw new UnknownCommandError(`${name}.${command}`, commandNames);
      const decided = handler.decide(state, input, events.create, context);
      return checkedDecision(`"${name}.${command}"`, decided, own);
    },
    evolve: foldEventOf(
      events,
      options.evolve as Readonly<
        Record<string, (state: Immutable<TState>, data: never) => Immutable<TState>>
      >,
    ),
  };
}

/** Sound as long as `names` are the names of `TCommands`. */
function creatorsOf<TCategory extends string, TCommands extends CommandsByName>(
  aggregate: TCategory,
  names: readonly string[],
): CommandCreators<TCategory, TCommands> {
  const creators = names.map((name) => [
    name,
    (id: string, input: unknown) => ({ aggregate, id, name, input }),
  ]);
  return Object.fromEntries(creators) as CommandCreators<TCategory, TCommands>;
}
