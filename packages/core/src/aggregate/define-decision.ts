import type { z } from 'zod';
import type { EmittedEventOf, EventCreators, EventGroup, NewEventOf } from '../event/define-events.ts';
import type { Payloads } from '../event/event-shapes.ts';
import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { shownName } from '../errors/shown.ts';
import type { NewEvent } from '../event/event.ts';
import type { DecidedEventOptions } from '../event/event-definition.ts';
import { isPlainObject } from '../json/json-part.ts';
import { assertDecisionOptions } from './assert-aggregate-options.ts';
import type { CommandInput, DecisionCommand, DecideContext } from './command.ts';
import type { CommandTypes, EmittedBy, RejectedBy } from './command-types.ts';
import { checkedDecision, isEvent, notEventsByRole } from './decided.ts';
import type { AnyAggregate, StateOf } from './define-aggregate.ts';
import type { WithoutFields } from './evolve-handlers.ts';
import { Rejection, type rejectionBrand } from './reject.ts';

/** The aggregates of a decision, by role. */
export type Roles = Readonly<Record<string, AnyAggregate>>;

/** New events by role. For a role without events, only the stream's version is checked. */
type EventsByRole<TRoles extends Roles> = {
  readonly [TRole in keyof TRoles]?:
    | NewEventOfAggregate<TRoles[TRole]>
    | readonly NewEventOfAggregate<TRoles[TRole]>[]
    | undefined;
  // Every role is optional, so without this a rejection for any reason would be accepted as events by role, or a promise.
} & { readonly [rejectionBrand]?: never; readonly then?: never };

type NewEventOfAggregate<TAggregate> = TAggregate extends { readonly events: infer TGroup }
  ? NewEventOf<TGroup>
  : never;

type EmittedEventOfAggregate<TAggregate> = TAggregate extends { readonly events: infer TGroup }
  ? EmittedEventOf<TGroup>
  : never;

type CreatorsOf<TAggregate> = TAggregate extends {
  readonly events: EventGroup<infer TCategory, infer TPayloads extends Payloads>;
}
  ? EventCreators<TCategory, TPayloads, DecidedEventOptions>
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
  /** The aggregates by role: `{ from: account, to: account }`. At most 100. */
  readonly aggregates: TRoles;
  readonly input: TInput;
  /** All reasons for which a command may be rejected. When given, any other reason does not compile. */
  readonly rejections?: readonly TReason[];
  /** Pure: called again with fresh states when another writer appended to one of the aggregates first. */
  readonly decide: ((
    states: { readonly [TRole in keyof TRoles]: StateOf<TRoles[TRole]> },
    input: z.output<NoInfer<TInput>>,
    emit: { readonly [TRole in keyof TRoles]: CreatorsOf<TRoles[TRole]> },
    context: DecideContext & { readonly ids: { readonly [TRole in keyof TRoles]: string } },
  ) => EventsByRole<NoInfer<TRoles>> | Rejection<NoInfer<TReason>>) &
    ((...given: never) => TResult) &
    WithoutFields<NoInfer<UnknownRole<TResult, TRoles>>>;
}

/** What a result has beside roles: the fields of an event that belongs to a role, or a misspelt role. */
type UnknownRole<TResult, TRoles> = TResult extends Rejection
  ? never
  : TResult extends object
    ? string extends keyof TResult
      ? never
      : Exclude<keyof TResult, keyof TRoles>
    : never;

/** The part of a decision that the framework uses, without its types. */
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

/** A rule over several aggregates. All of its events are appended atomically, or none. */
export interface Decision<
  TName extends string = string,
  TRoles extends Roles = Roles,
  TTypes extends CommandTypes<unknown, NewEvent, string> = CommandTypes<unknown, NewEvent, string>,
> extends AnyDecision {
  readonly name: TName;
  readonly aggregates: TRoles;
  /** Makes a command: `transfer.command({ from: 'a', to: 'b' }, { cents })`. */
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
 * Defines a decision over several aggregates.
 *
 * When its command is executed, every aggregate is loaded. The events of all of them are appended atomically, and only
 * if no other writer changed one of them in the meantime, including aggregates that get no new events.
 *
 * `decide` of the result throws InvalidDefinitionError when the rule returns a promise, or events for an unknown role.
 *
 * @example
 * ```ts
 * export const transfer = defineDecision({
 *   name: 'transfer',
 *   aggregates: { from: account, to: account },
 *   input: z.object({ cents: z.int().positive() }),
 *   decide: (states, { cents }, emit) =>
 *     states.from.cents < cents
 *       ? reject('insufficient-funds')
 *       : { from: emit.from.withdrawn({ cents }), to: emit.to.deposited({ cents }) },
 * });
 * transfer.command({ from: 'acc-1', to: 'acc-2' }, { cents: 500 });
 * ```
 *
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none, or when there are more than 100 aggregates.
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
    EmittedBy<TResult, EmittedEventOfAggregate<TRoles[keyof TRoles]>>,
    RejectedBy<TResult, TReason>
  >
> {
  assertDecisionOptions(options);
  const { name, aggregates, input, decide } = options;
  const emit = Object.fromEntries(
    Object.entries(aggregates).map(([role, aggregate]) => [role, aggregate.events.create]),
  );
  return {
    name,
    aggregates,
    input,
    command: (ids, value) => ({ decision: name, ids, input: value }),
    decide(states, value, context) {
      // The framework loads exactly the roles of `aggregates`.
      const decided = decide(
        states as { readonly [TRole in keyof TRoles]: StateOf<TRoles[TRole]> },
        value as z.output<TInput>,
        emit as { readonly [TRole in keyof TRoles]: CreatorsOf<TRoles[TRole]> },
        context as DecideContext & { readonly ids: { readonly [TRole in keyof TRoles]: string } },
      );
      if (decided instanceof Rejection) return decided;
      assertByRole(name, decided, Object.keys(aggregates));
      const eventsByRole: readonly [string, OneOrMore | undefined][] = Object.entries(decided);
      return Object.fromEntries(
        eventsByRole.map(([role, events = []]) => {
          const group = aggregates[role]!.events;
          const checked = checkedDecision(`decision "${name}" for role "${role}"`, events, group);
          return [role, 'type' in checked ? [checked] : checked];
        }),
      );
    },
  };
}

type OneOrMore = NewEvent | readonly NewEvent[];

/** A result whose type is too wide may have other properties; their events would belong to no aggregate. */
function assertByRole(name: string, decided: unknown, roles: readonly string[]): void {
  const isObject = typeof decided === 'object' && decided !== null && isPlainObject(decided);
  if (!isObject || Array.isArray(decided) || (isEvent(decided) && !roles.includes('type')))
    throw notEventsByRole(`decision "${name}"`, decided, roles);
  const unknown = Object.keys(decided).find((role) => !roles.includes(role));
  if (unknown === undefined) return;
  throw new InvalidDefinitionError(
    `decide of decision "${name}" returned events for role ${shownName(unknown)}; its roles are ${roles.join(', ')}`,
  );
}
