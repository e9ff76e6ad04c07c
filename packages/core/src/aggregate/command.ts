import type { z } from 'zod';
import type { NewEvent } from '../event/event.ts';
import type { EventMetadata } from '../event/metadata.ts';

/** Only in types: what executing a command can lead to. */
declare const outcome: unique symbol;

/**
 * A request to one aggregate, as a plain value: it can be put on a queue, sent by another language, tried again.
 *
 * Its input is checked where it enters, when it is executed.
 */
export interface Command<
  TAggregate extends string = string,
  TName extends string = string,
  TInput = unknown,
  TEvent extends NewEvent = NewEvent,
  TReason extends string = string,
> {
  readonly aggregate: TAggregate;
  /** The aggregate's own id; its stream is `<aggregate>-<id>`. */
  readonly id: string;
  readonly name: TName;
  readonly input: TInput;
  readonly [outcome]?: { readonly event: TEvent; readonly reason: TReason };
}

/** A request whose decision spans several aggregates, as a plain value. */
export interface DecisionCommand<
  TDecision extends string = string,
  TIds extends Readonly<Record<string, string>> = Readonly<Record<string, string>>,
  TInput = unknown,
  TEvent extends NewEvent = NewEvent,
  TReason extends string = string,
> {
  readonly decision: TDecision;
  /** Which aggregate plays which role. */
  readonly ids: TIds;
  readonly input: TInput;
  readonly [outcome]?: { readonly event: TEvent; readonly reason: TReason };
}

export type AnyCommand = Command | DecisionCommand;

/** The events a command may lead to. */
export type CommandEvent<TCommand> = TCommand extends {
  readonly [outcome]?: { readonly event: infer TEvent extends NewEvent };
}
  ? TEvent
  : NewEvent;

/** The reasons for which a command may be refused. */
export type CommandReason<TCommand> = TCommand extends {
  readonly [outcome]?: { readonly reason: infer TReason extends string };
}
  ? TReason
  : string;

/** What a decision may look at beside the state: decisions are pure, so the clock and new ids come in here. */
export interface DecideContext {
  /** When the command is executed. The same for every retry of one execution. */
  readonly now: Date;
  /** Makes an id that sorts by time. */
  readonly newId: () => string;
  readonly metadata: EventMetadata;
}

/** A command's input schema. */
export type CommandInput = z.ZodType;
