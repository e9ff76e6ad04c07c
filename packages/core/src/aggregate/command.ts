import type { z } from 'zod';
import type { NewEvent } from '../event/event.ts';
import type { EventMetadata } from '../event/metadata.ts';

/** Exists in types only: the events and the rejection reasons of a command. */
declare const outcome: unique symbol;

/**
 * A request to one aggregate, as a plain value. It can be put on a queue, sent by a program in another language, and
 * repeated.
 *
 * Its input is parsed by the command's schema when it is executed.
 */
export interface Command<
  TAggregate extends string = string,
  TName extends string = string,
  TInput = unknown,
  TEvent extends NewEvent = NewEvent,
  TReason extends string = string,
> {
  readonly aggregate: TAggregate;
  /** The aggregate's id. Its stream is `<aggregate>-<id>`. */
  readonly id: string;
  readonly name: TName;
  readonly input: TInput;
  readonly [outcome]?: { readonly event: TEvent; readonly reason: TReason };
}

/** A request to a decision, as a plain value. `TRole`: the roles of the aggregates that it reads. */
export interface DecisionCommand<
  TDecision extends string = string,
  TInput = unknown,
  TEvent extends NewEvent = NewEvent,
  TReason extends string = string,
  TRole extends string = string,
> {
  readonly decision: TDecision;
  readonly input: TInput;
  readonly [outcome]?: { readonly event: TEvent; readonly reason: TReason; readonly role: TRole };
}

export type AnyCommand = Command | DecisionCommand;

/** The events that a command can emit, with their data as it is read back. */
export type CommandEvent<TCommand> = TCommand extends {
  readonly [outcome]?: { readonly event: infer TEvent extends NewEvent };
}
  ? TEvent
  : NewEvent;

/** The reasons for which a command can be rejected. */
export type CommandReason<TCommand> = TCommand extends {
  readonly [outcome]?: { readonly reason: infer TReason extends string };
}
  ? TReason
  : string;

/** The roles of the aggregates that a decision reads. */
export type CommandRole<TCommand> = TCommand extends {
  readonly [outcome]?: { readonly role: infer TRole extends string };
}
  ? TRole
  : string;

/** What `decide` may use beside state and input. It is pure, so time and new ids are passed in. */
export interface DecideContext {
  /** When the command is executed. The same in every retry of one execution. */
  readonly now: Date;
  /** Makes a new id: a UUIDv7, unless the application gives its own. The same ids in every retry of one execution. */
  readonly newId: () => string;
  readonly metadata: EventMetadata;
}

/** A command's input schema. */
export type CommandInput = z.ZodType;
