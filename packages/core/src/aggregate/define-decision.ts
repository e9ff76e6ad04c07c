import type { z } from 'zod';
import type { EventCreators, EventGroup, NewEventOf, Payloads } from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import { assertMemberName } from '../naming/names.ts';
import type { CommandInput, DecisionCommand, DecideContext } from './command.ts';
import type { CommandTypes, EmittedBy, RejectedBy } from './command-types.ts';
import type { AnyAggregate, StateOf } from './define-aggregate.ts';
import { Rejection, type rejectionBrand } from './reject.ts';

/** Aggregates by the role they play in a decision. */
export type Roles = Readonly<Record<string, AnyAggregate>>;

/** New events by role. A role that is left out, or has none, is only checked not to have moved. */
type EventsByRole<TRoles extends Roles> = {
  readonly [TRole in keyof TRoles]?:
    | NewEventOfAggregate<TRoles[TRole]>
    | readonly NewEventOfAggregate<TRoles[TRole]>[]
    | undefined;
  // Each role may be left out, so that a rejection for any reason would be events by role as well.
} & { readonly [rejectionBrand]?: never };

type NewEventOfAggregate<TAggregate> = TAggregate extends { readonly events: infer TGroup }
  ? NewEventOf<TGroup>
  : never;

type CreatorsOf<TAggregate> = TAggregate extends {
  readonly events: EventGroup<infer TCategory, infer TPayloads extends Payloads>;
}
  ? EventCreators<TCategory, TPayloads>
  : never;

/** What {@link defineDecision} takes. */
export interface DecisionOptions<
  TName extends string,
  TRoles extends Roles,
  TInput extends CommandInput,
  TReason extends string,
  TResult,
> {
  readonly name: TName;
  /** Which aggregates take part, by role: `{ from: account, to: account }`. */
  readonly aggregates: TRoles;
  readonly input: TInput;
  /** Every reason the decision may be refused for. When given, another one does not compile. */
  readonly rejections?: readonly TReason[];
  /** Pure: called again with fresh states when another writer came first to any of the aggregates. */
  readonly decide: ((
    states: { readonly [TRole in keyof TRoles]: StateOf<TRoles[TRole]> },
    input: z.output<NoInfer<TInput>>,
    emit: { readonly [TRole in keyof TRoles]: CreatorsOf<TRoles[TRole]> },
    context: DecideContext & { readonly ids: { readonly [TRole in keyof TRoles]: string } },
  ) => EventsByRole<NoInfer<TRoles>> | Rejection<NoInfer<TReason>>) &
    ((...given: never) => TResult);
}

/** The part of a decision that the framework works with, whatever its types. */
export interface AnyDecision {
  readonly name: string;
  readonly aggregates: Roles;
  readonly input: CommandInput;
  decide(
    states: Readonly<Record<string, unknown>>,
    input: unknown,
    context: DecideContext & { readonly ids: Readonly<Record<string, string>> },
  ): Readonly<Record<string, readonly NewEvent[]>> | Rejection;
}

/** A rule over several aggregates: all of its events are appended in one transaction, or none. */
export interface Decision<
  TName extends string = string,
  TRoles extends Roles = Roles,
  TTypes extends CommandTypes<unknown, NewEvent, string> = CommandTypes<unknown, NewEvent, string>,
> extends AnyDecision {
  readonly name: TName;
  readonly aggregates: TRoles;
  /** Makes the request: `transfer.command({ from: 'a', to: 'b' }, { cents })`. */
  command(
    ids: { readonly [TRole in keyof TRoles]: string },
    input: TTypes['input'],
  ): DecisionCommand<
    TName,
    { readonly [TRole in keyof TRoles]: string },
    TTypes['input'],
    TTypes['event'],
    TTypes['reason']
  >;
}

/**
 * Declares a decision that spans several aggregates.
 *
 * Every aggregate is loaded; the events for all of them are appended atomically, and only if none of them moved
 * meanwhile, those without new events included.
 *
 * Its `decide` throws TypeError when the rule returns events for a role that does not take part.
 *
 * @throws InvalidNameError when the name has other characters than letters, digits, "_" and "-".
 */
export function defineDecision<
  const TName extends string,
  TRoles extends Roles,
  TInput extends CommandInput,
  TResult,
  const TReason extends string = string,
>(
  options: DecisionOptions<TName, TRoles, TInput, TReason, TResult>,
): Decision<
  TName,
  TRoles,
  CommandTypes<
    z.input<TInput>,
    EmittedBy<TResult, NewEventOfAggregate<TRoles[keyof TRoles]>>,
    RejectedBy<TResult, TReason>
  >
> {
  const { name, aggregates, input, decide } = options;
  assertMemberName('decision name', name);
  const emit = Object.fromEntries(
    Object.entries(aggregates).map(([role, aggregate]) => [role, aggregate.events.create]),
  );
  return {
    name,
    aggregates,
    input,
    command: (ids, value) => ({ decision: name, ids, input: value }),
    decide(states, value, context) {
      // The roles are the keys of `aggregates` by construction; the framework loads exactly those.
      const decided = decide(
        states as { readonly [TRole in keyof TRoles]: StateOf<TRoles[TRole]> },
        value as z.output<TInput>,
        emit as { readonly [TRole in keyof TRoles]: CreatorsOf<TRoles[TRole]> },
        context as DecideContext & { readonly ids: { readonly [TRole in keyof TRoles]: string } },
      );
      if (decided instanceof Rejection) return decided;
      // TypeScript lets extra properties pass in what a function returns; these events would be nobody's.
      for (const role of Object.keys(decided)) {
        if (!Object.hasOwn(aggregates, role)) throw new TypeError(`decision "${name}" has no role "${role}"`);
      }
      const eventsByRole: readonly [string, OneOrMore | undefined][] = Object.entries(decided);
      return Object.fromEntries(eventsByRole.map(([role, events]) => [role, toList(events)]));
    },
  };
}

type OneOrMore = NewEvent | readonly NewEvent[];

function toList(events: OneOrMore = []): readonly NewEvent[] {
  return 'type' in events ? [events] : events;
}
