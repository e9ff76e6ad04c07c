import type { z } from 'zod';
import type {
  AnyEventGroup,
  EventCreators,
  EventData,
  EventGroup,
  EventShapes,
  NewEventOf,
} from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import type { JsonValue } from '../event/json.ts';
import { frozen } from '../fold/frozen.ts';
import { assertMemberName } from '../naming/names.ts';
import { streamIdOf } from '../naming/stream-id.ts';
import type { Command, CommandInput, DecideContext } from './command.ts';
import type { Rejection } from './reject.ts';

/** How one event changes the state. Pure, and never throws: it also replays what older rules accepted. */
type EvolveHandlers<TState, TShapes extends EventShapes> = {
  readonly [TName in keyof TShapes & string]: (state: TState, data: EventData<TShapes[TName]>) => TState;
};

/** A decision's result: events that are to happen, none when nothing is to change, or a refusal. */
export type DecideResult<TEvent extends NewEvent, TReason extends string> =
  | TEvent
  | readonly TEvent[]
  | Rejection<TReason>;

/** One command: the shape of its input, and the rule that turns it into events. */
interface CommandHandler<
  TState,
  TInput extends CommandInput,
  TEmit,
  TEvent extends NewEvent,
  TReason extends string,
> {
  readonly input: TInput;
  /** Pure: called again with fresh state when another writer came first. */
  readonly decide: (
    state: TState,
    input: z.output<TInput>,
    emit: TEmit,
    context: DecideContext & { readonly id: string },
  ) => DecideResult<TEvent, TReason>;
}

/** Inputs by command name. */
export type CommandInputs = Readonly<Record<string, CommandInput>>;

/** One function per command, named as the command: makes the request as a value. */
type CommandCreators<
  TCategory extends string,
  TShapes extends EventShapes,
  TInputs extends CommandInputs,
  TReason extends string,
> = {
  readonly [TName in keyof TInputs & string]: (
    id: string,
    input: z.input<TInputs[TName]>,
  ) => Command<
    TCategory,
    TName,
    z.input<TInputs[TName]>,
    NewEventOf<EventGroup<TCategory, TShapes>>,
    TReason
  >;
};

/** Snapshots spare a load the reading of a long history. They are never trusted over the log. */
export interface SnapshotPolicy {
  /** A snapshot is written when at least this many events came since the last. */
  readonly everyEvents: number;
}

/** What {@link defineAggregate} takes. */
export interface AggregateOptions<
  TCategory extends string,
  TShapes extends EventShapes,
  TState,
  TInputs extends CommandInputs,
  TReason extends string,
> {
  readonly events: EventGroup<TCategory, TShapes>;
  /** Where every fold begins. It is frozen: a handler that changed it in place would change it for all. */
  readonly initialState: TState;
  /** One function per event; a missing one does not compile. */
  readonly evolve: EvolveHandlers<NoInfer<TState>, TShapes>;
  /** Every reason a command may be refused for. When given, another one does not compile. */
  readonly rejections?: readonly TReason[];
  readonly commands: {
    readonly [TName in keyof TInputs]: CommandHandler<
      NoInfer<TState>,
      TInputs[TName],
      EventCreators<TCategory, TShapes>,
      NewEventOf<EventGroup<TCategory, TShapes>>,
      NoInfer<TReason>
    >;
  };
  /** Raise it whenever `evolve` or the state's shape changes, so that older snapshots are not read. @default 1 */
  readonly stateVersion?: number;
  /** @default no snapshots */
  readonly snapshots?: SnapshotPolicy;
}

/** The part of an aggregate that the framework works with, whatever its types. */
export interface AnyAggregate {
  readonly name: string;
  readonly events: AnyEventGroup;
  readonly initialState: unknown;
  readonly stateVersion: number;
  readonly snapshots: SnapshotPolicy | undefined;
  readonly commandNames: readonly string[];
  streamId(id: string): string;
  /** @returns the input schema, or undefined when there is no such command. */
  inputOf(command: string): CommandInput | undefined;
  decide(
    command: string,
    state: unknown,
    input: unknown,
    context: DecideContext & { readonly id: string },
  ): DecideResult<NewEvent, string>;
  evolve(state: unknown, event: { readonly type: string; readonly data: JsonValue }): unknown;
}

/** A consistency boundary: its state is the left fold of its own stream's events. */
export interface Aggregate<
  TCategory extends string = string,
  TShapes extends EventShapes = EventShapes,
  TState = unknown,
  TInputs extends CommandInputs = CommandInputs,
  TReason extends string = string,
> extends AnyAggregate {
  readonly name: TCategory;
  readonly events: EventGroup<TCategory, TShapes>;
  readonly initialState: TState;
  /** Makes a command: `account.command.open('acc-1', { owner })`. */
  readonly command: CommandCreators<TCategory, TShapes, TInputs, TReason>;
  decide(
    command: string,
    state: TState,
    input: unknown,
    context: DecideContext & { readonly id: string },
  ): DecideResult<NewEventOf<EventGroup<TCategory, TShapes>>, TReason>;
  evolve(state: TState, event: { readonly type: string; readonly data: JsonValue }): TState;
}

/** The state of an aggregate: `StateOf<typeof account>`. */
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
 * Declares an aggregate: initial state, how events change it, and the commands that decide on new events.
 *
 * Its name is its events' category. All of it is pure: no I/O, no clock, no randomness but what comes in.
 *
 * @throws InvalidNameError when a command's name has other characters than letters, digits, "_" and "-".
 *
 * Source: the decider pattern, Jérémie Chassaing, 2021.
 */
export function defineAggregate<
  const TCategory extends string,
  TShapes extends EventShapes,
  TState,
  TInputs extends CommandInputs,
  const TReason extends string = string,
>(
  options: AggregateOptions<TCategory, TShapes, TState, TInputs, TReason>,
): Aggregate<TCategory, TShapes, TState, TInputs, TReason> {
  const { events, commands, stateVersion = 1 } = options;
  const name = events.category;
  const commandNames = Object.keys(commands);
  for (const commandName of commandNames) assertMemberName('command name', commandName);

  // The names and types are those of the options by construction; Object.entries and index access forget them.
  const handlers = commands as Readonly<
    Record<
      string,
      CommandHandler<
        TState,
        CommandInput,
        typeof events.create,
        NewEventOf<EventGroup<TCategory, TShapes>>,
        TReason
      >
    >
  >;
  const evolveByType = new Map<string, (state: TState, data: never) => TState>(
    Object.entries(options.evolve).map(([eventName, handler]) => [
      `${name}.${eventName}`,
      handler as (state: TState, data: never) => TState,
    ]),
  );
  const creators = commandNames.map((commandName) => [
    commandName,
    (id: string, input: unknown) => ({ aggregate: name, id, name: commandName, input }),
  ]);

  return {
    name,
    events,
    initialState: frozen(options.initialState),
    stateVersion,
    snapshots: options.snapshots,
    commandNames,
    command: Object.fromEntries(creators) as CommandCreators<TCategory, TShapes, TInputs, TReason>,
    streamId: (id) => streamIdOf(name, id),
    inputOf: (command) => (Object.hasOwn(handlers, command) ? handlers[command]?.input : undefined),
    decide(command, state, input, context) {
      const handler = Object.hasOwn(handlers, command) ? handlers[command] : undefined;
      if (handler === undefined) throw new TypeError(`aggregate "${name}" has no command "${command}"`);
      return handler.decide(state, input, events.create, context);
    },
    evolve(state, event) {
      const handler = evolveByType.get(event.type);
      if (handler === undefined)
        throw new TypeError(`aggregate "${name}" does not evolve on event "${event.type}"`);
      return handler(state, event.data as never);
    },
  };
}
