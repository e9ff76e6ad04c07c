import type { z } from 'zod';
import type { CommandInput, DecideContext, DecisionCommand } from '../aggregate/command.ts';
import type { CommandTypes, EmittedBy, RejectedBy } from '../aggregate/command-types.ts';
import { Rejection, type rejectionBrand } from '../aggregate/reject.ts';
import type {
  AnyEventGroup,
  EmittedEventOf,
  EventCreators,
  EventGroup,
  NewEventOf,
} from '../event/define-events.ts';
import type { DecidedEventOptions } from '../event/event-definition.ts';
import type { Payloads } from '../event/event-shapes.ts';
import type { NewEvent } from '../event/event.ts';
import { assertDecisionOptions } from './assert-decision-options.ts';
import { checkedReads } from './checked-reads.ts';
import { type DecidedEvent, decidedEvents } from './decided-events.ts';
import { Emitter } from './emitter.ts';
import { type AggregateIn, type AggregateRoles, type DeclaredStatesOf, type ReadsByRole } from './reads.ts';

/** The groups of the events that a decision may emit: those of its aggregates, and those that it declares. */
type GroupsOf<TReads, TGroups extends readonly AnyEventGroup[]> =
  | TGroups[number]
  | EventsOf<AggregateIn<TReads[AggregateRoles<TReads>]>>;

type EventsOf<TAggregate> = TAggregate extends { readonly events: infer TGroup } ? TGroup : never;

type CreatorsOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads extends Payloads>
    ? EventCreators<TCategory, TPayloads, DecidedEventOptions>
    : never;

/** The creators by the role of an aggregate, or by the category of other events. */
type CreatorsIn<TReads, TGroups extends readonly AnyEventGroup[], TName> = CreatorsOf<
  TName extends AggregateRoles<TReads>
    ? EventsOf<AggregateIn<TReads[TName]>>
    : Extract<TGroups[number], { readonly category: TName }>
>;

/** What `decide` may return. A rejection for any reason, or a promise, would be an object without a type too. */
type DecisionResult<TEvent extends NewEvent, TReason extends string> =
  | (TEvent & { readonly [rejectionBrand]?: never })
  | readonly TEvent[]
  | Rejection<TReason>;

/** What {@link defineDecision} takes. */
export interface DecisionOptions<
  TName extends string,
  TInput extends CommandInput,
  TGroups extends readonly AnyEventGroup[],
  TReads extends ReadsByRole,
  TReason extends string,
  TResult,
> {
  readonly name: TName;
  readonly input: TInput;
  /** The events that its folds read and that it emits, beside those of its aggregates. @default none */
  readonly events?: TGroups;
  /**
   * What it reads, by role: `aggregate.at(id)`, `fold.for({ key: value })`, `fold.all()`, or a list of folds. At most 100
   * aggregates and 64 folds. Pure.
   */
  readonly reads: (input: z.output<NoInfer<TInput>>) => TReads;
  /** All reasons for which a command may be rejected. When given, any other reason does not compile. */
  readonly rejections?: readonly TReason[];
  /** Pure: called again with fresh states when another writer changed what it was decided on first. */
  readonly decide: ((
    states: DeclaredStatesOf<NoInfer<TReads>, GroupsOf<NoInfer<TReads>, NoInfer<TGroups>>['category']>,
    input: z.output<NoInfer<TInput>>,
    emit: {
      readonly [TName in AggregateRoles<NoInfer<TReads>> | NoInfer<TGroups>[number]['category']]: CreatorsIn<
        NoInfer<TReads>,
        NoInfer<TGroups>,
        TName
      >;
    },
    context: DecideContext,
  ) => DecisionResult<NewEventOf<GroupsOf<NoInfer<TReads>, NoInfer<TGroups>>>, NoInfer<TReason>>) &
    ((...given: never) => TResult);
}

/** What a decision is made on. */
export interface DecisionGiven {
  /** What {@link AnyDecision.reads} returned for the input. */
  readonly reads: ReadsByRole;
  /** By role. */
  readonly states: Readonly<Record<string, unknown>>;
  readonly input: unknown;
  /** Names the stream of an event that has no other. */
  readonly commandId: string;
}

/** The part of a decision that the framework uses, without its types. */
export interface AnyDecision {
  readonly kind: 'decision';
  readonly name: string;
  readonly input: CommandInput;
  readonly events: readonly AnyEventGroup[];
  /**
   * @throws InvalidDefinitionError when it reads something else than aggregates and folds, or folds over other events
   * @throws InvalidCommandError when one aggregate has two roles, or the input asks for too many
   * @throws what the option throws
   */
  reads(input: unknown): ReadsByRole;
  decide(given: DecisionGiven, context: DecideContext): readonly DecidedEvent[] | Rejection;
}

/** A rule over several aggregates, or over tagged events. All of its events are appended atomically, or none. */
export interface Decision<
  TName extends string = string,
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
  TTypes extends CommandTypes<unknown, NewEvent, string> = CommandTypes<unknown, NewEvent, string>,
  TReads extends ReadsByRole = ReadsByRole,
> extends AnyDecision {
  readonly name: TName;
  readonly events: TGroups;
  reads(input: unknown): TReads;
  /** Makes a command: `transfer.command({ from: 'a', to: 'b', cents })`. */
  command(
    input: TTypes['input'],
  ): DecisionCommand<TName, TTypes['input'], TTypes['event'], TTypes['reason'], AggregateRoles<TReads>>;
}

/**
 * Defines a decision: a rule over what one aggregate cannot know.
 *
 * When its command is executed, everything that it reads is read. Its events are appended atomically, and only if no other
 * writer changed any of that in the meantime, including aggregates that get no new events.
 *
 * An event belongs to the aggregate whose role made it. Any other one is stored in the stream `<category>-<value>` of its tag
 * whose key is the category, or else of its first tag; without a tag, in a stream of its own.
 *
 * @example
 * ```ts
 * export const subscribe = defineDecision({
 *   name: 'subscribe',
 *   input: z.object({ courseId: z.string(), studentId: z.string() }),
 *   events: [courseEvents],
 *   reads: ({ courseId, studentId }) => ({
 *     course: seats.for({ course: courseId }),
 *     student: student.at(studentId),
 *   }),
 *   decide: ({ course, student }, { courseId, studentId }, emit) => {
 *     if (!student.enrolled) return reject('not-enrolled');
 *     if (course.free === 0) return reject('course-full');
 *     return emit.course.subscribed({ courseId, studentId });
 *   },
 * });
 * subscribe.command({ courseId: 'c1', studentId: 's1' }); // a command, to be executed
 * ```
 *
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 * @throws InvalidNameError when the name has other characters than letters, digits, "_" and "-".
 *
 * Source: the dynamic consistency boundary, Sara Pellegrini and Milan Savić, 2023.
 */
export function defineDecision<
  const TName extends string,
  TInput extends CommandInput,
  TReads extends ReadsByRole,
  TResult,
  const TGroups extends readonly AnyEventGroup[] = readonly [],
  const TReason extends string = string,
>(
  options: DecisionOptions<TName, TInput, TGroups, TReads, TReason, TResult>,
): Decision<
  TName,
  TGroups,
  CommandTypes<
    z.input<TInput>,
    EmittedBy<TResult, EmittedEventOf<GroupsOf<TReads, TGroups>>>,
    RejectedBy<TResult, TReason>
  >,
  TReads
> {
  assertDecisionOptions(options);
  const { name, input, decide } = options;
  // Sound: without the option, TGroups is the empty list.
  const groups = (options.events ?? []) as TGroups;
  return {
    kind: 'decision',
    name,
    input,
    events: groups,
    command: (value) => ({ decision: name, input: value }),
    reads: (value) => checkedReads(name, options.reads(value as z.output<TInput>), groups),
    decide({ reads, states, input: value, commandId }, context) {
      const emitter = new Emitter(reads, groups);
      // The framework reads exactly what `reads` returned.
      const decided = decide(
        states as Parameters<typeof decide>[0],
        value as z.output<TInput>,
        emitter.creators as Parameters<typeof decide>[2],
        context,
      );
      if (decided instanceof Rejection) return decided;
      return decidedEvents(name, decided, { reads, groups, emitter, commandId });
    },
  };
}
