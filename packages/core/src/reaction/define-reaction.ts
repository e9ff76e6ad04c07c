import { assertHandlers, assertSomeHandler } from '../aggregate/assert-aggregate-options.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { RecordedEvent } from '../event/event.ts';
import type { MetadataSchema } from '../event/metadata.ts';
import { assertOneOf, assertWhole } from '../input/assert-argument.ts';
import {
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertSchema,
} from '../input/assert-definition.ts';
import { assertSubscriptionName } from '../naming/names.ts';
import { typesOf } from '../projection/assert-projection-options.ts';
import type { OnFailure } from '../projection/define-projection.ts';
import type { ProjectedEvent } from '../projection/projected-event.ts';
import { type RetryOptions, type RetryPolicy, toRetryPolicy } from '../retry/retry-policy.ts';
import type { ReactionContext } from './reaction-context.ts';
import { assertReactionStart, type ReactionStart } from './reaction-start.ts';
import { sourceOf } from '../input/source-of.ts';

/** Options of {@link defineReaction}. */
export interface ReactionOptions<
  TGroups extends readonly AnyEventGroup[],
  TMetadata extends MetadataSchema = MetadataSchema,
> {
  /** Names the reaction and its checkpoint. */
  readonly name: string;
  /**
   * Increase it when `events` or `key` change. The new version continues where the newest older one is, and takes over
   * its parked keys. @default 1
   */
  readonly version?: number;
  readonly events: TGroups;
  /** The app's schema of its metadata fields: it types `event.metadata`. Nothing is parsed again. @default none */
  readonly metadata?: TMetadata;
  /**
   * Events with one key are processed one after another, in their order; others side by side.
   *
   * @default the id of the event's stream
   */
  readonly key?: (event: ProjectedEvent<TGroups, TMetadata>) => string;
  /** Handlers by event type. The reaction reads only events that have a handler. */
  readonly on: {
    readonly [TType in ProjectedEvent<TGroups, TMetadata>['type']]?: (
      event: Extract<ProjectedEvent<TGroups, TMetadata>, { readonly type: TType }>,
      context: ReactionContext,
    ) => Promise<unknown>;
  };
  /** Most keys of a slice whose events are processed at one time, from 1 to 1000. @default 10 */
  readonly concurrency?: number;
  /**
   * How many slices the events are divided into, by `key`: at most 1024. As many processes can work at the same time; the
   * processes share the slices out evenly. It may change without a new version.
   *
   * @default 1
   */
  readonly slices?: number;
  /** Used once, when the first version is migrated. @default 'end': no effects for events of the past */
  readonly start?: ReactionStart;
  /**
   * What happens when an event has failed as often as `retry.attempts` says. `stop`: the reaction stops. `park`: the
   * event's key is parked until an operator resumes it or gives the event up.
   *
   * @default 'stop'
   */
  readonly onFailure?: OnFailure;
  /**
   * How often an event is tried. Between two attempts its key waits, and no other.
   *
   * @default attempts 5, firstDelayMs 1000, maxDelayMs 60000
   */
  readonly retry?: RetryOptions;
  /** Milliseconds for one call of a handler; then it is a failure. @default 20000 */
  readonly timeoutMs?: number;
}

/** A reaction, without the types of its events. */
export interface AnyReaction {
  readonly kind: 'reaction';
  readonly name: string;
  readonly version: number;
  readonly events: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly eventTypes: readonly string[];
  /** Source text of its functions: a process with another text runs another release of it. */
  readonly code: readonly string[];
  readonly concurrency: number;
  readonly slices: number;
  readonly start: ReactionStart;
  readonly onFailure: OnFailure;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** @throws what the option `key` throws; TypeError when it returns no text */
  keyOf(event: RecordedEvent): string;
  /** @throws what the handler throws */
  handle(event: RecordedEvent, context: ReactionContext): Promise<unknown>;
}

/** Reacts to events with effects outside of the database. Made by {@link defineReaction}. */
export interface Reaction<TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[]>
  extends AnyReaction {
  readonly events: TGroups;
}

const optionNames = {
  name: true,
  version: true,
  events: true,
  metadata: true,
  key: true,
  on: true,
  concurrency: true,
  slices: true,
  start: true,
  onFailure: true,
  retry: true,
  timeoutMs: true,
} as const;

const defaultRetry: RetryPolicy = { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 };

/**
 * Defines a reaction: what happens outside of the database after an event.
 *
 * Each event is processed at least once: a process that is killed after the effect and before the record of it repeats
 * it. Commands of the context happen once; give other services its `idempotencyKey`.
 *
 * @example
 * ```ts
 * export const confirmations = defineReaction({
 *   name: 'confirmations',
 *   events: [orderEvents],
 *   on: {
 *     'order.placed': async ({ streamId, data }, { execute, idempotencyKey, signal }) => {
 *       await sendMail({ to: data.email, messageId: idempotencyKey, signal });
 *       await execute(order.command.confirm(aggregateIdOf(streamId), {}));
 *     },
 *   },
 * });
 * ```
 *
 * @throws InvalidNameError when the name is empty, too long, or has "+".
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 */
export function defineReaction<
  const TGroups extends readonly AnyEventGroup[],
  TMetadata extends MetadataSchema = MetadataSchema,
>(options: ReactionOptions<TGroups, TMetadata>): Reaction<TGroups> {
  assertGiven('options', options, optionNames);
  const {
    name,
    version = 1,
    events,
    concurrency = 10,
    slices = 1,
    start = 'end',
    onFailure = 'stop',
    timeoutMs = 20_000,
  } = options;
  assertSubscriptionName('reaction name', name);
  assertWhole(`version of reaction "${name}"`, version, { least: 1, most: 2_147_483_647 });
  assertEach('events', events, assertEventGroup);
  if (options.metadata !== undefined) assertSchema('metadata', options.metadata);
  assertFunction('key', options.key);
  assertHandlers('on', options.on, typesOf(events));
  assertSomeHandler(`on of reaction "${name}"`, options.on);
  assertWhole('concurrency', concurrency, { least: 1, most: 1_000 });
  assertWhole(`slices of reaction "${name}"`, slices, { least: 1, most: 1_024 });
  assertReactionStart(start);
  assertOneOf(`onFailure of reaction "${name}"`, onFailure, ['stop', 'park']);
  assertWhole('timeoutMs', timeoutMs, { least: 1, most: 2_147_483_647 });
  // Sound: each handler is called with events of its type.
  const handlers = options.on as Readonly<
    Record<string, ((event: RecordedEvent, context: ReactionContext) => Promise<unknown>) | undefined>
  >;
  const key = options.key as ((event: RecordedEvent) => unknown) | undefined;
  return {
    kind: 'reaction',
    name,
    version,
    events,
    eventTypes: Object.keys(handlers),
    code: [...Object.values(handlers), ...(key === undefined ? [] : [key])].map(sourceOf),
    concurrency,
    slices,
    start,
    onFailure,
    retry: toRetryPolicy(options.retry, defaultRetry),
    timeoutMs,
    keyOf(event) {
      const found = key === undefined ? event.streamId : key(event);
      if (typeof found !== 'string')
        throw new TypeError(`"key" of reaction "${name}" returned ${typeof found}; return a text`);
      return found;
    },
    handle: async (event, context) => handlers[event.type]?.(event, context),
  };
}
