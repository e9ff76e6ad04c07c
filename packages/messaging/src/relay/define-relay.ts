import {
  type AnyEventGroup,
  EventCatalog,
  InvalidArgumentError,
  type MetadataSchema,
  type NewEvent,
  type NewEventOf,
  type OnFailure,
  type ProjectedEvent,
  type ReactionStart,
  type RecordedEvent,
  type RetryOptions,
  type RetryPolicy,
  toRetryPolicy,
} from '@leftfold/core';
import {
  assertEach,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertGivenText,
  assertHandlers,
  assertObject,
  assertOneOf,
  assertReactionStart,
  assertSchema,
  assertSomeHandler,
  assertSubscriptionName,
  assertWhole,
  sourceOf,
  typesOf,
} from '@leftfold/core/input';
import type { ContentMode, PublishedMessage } from '../envelope/cloud-event.ts';
import type { Transport } from '../transport/transport.ts';

/** Options of {@link defineRelay}. */
export interface RelayOptions<
  TGroups extends readonly AnyEventGroup[],
  TPublished extends readonly AnyEventGroup[],
  TMetadata extends MetadataSchema = MetadataSchema,
> {
  /** Names the relay and its checkpoint. */
  readonly name: string;
  /**
   * Increase it when the keys of `map` change. The new version continues where the newest older one is: nothing is published
   * again. @default 1
   */
  readonly version?: number;
  /** The private events that it reads. */
  readonly events: TGroups;
  /** The published language: the messages that other services may rely on, defined like events. They are in no log. */
  readonly publishes: TPublished;
  /** Names where the messages come from, for all consumers and for good, such as `/shop/orders`: a URI reference. */
  readonly source: string;
  /** The app's schema of its metadata fields: it types `event.metadata`. Nothing is parsed again. @default none */
  readonly metadata?: TMetadata;
  /**
   * Messages with one key keep the order of their events. What is published is known by name and key, so a release with
   * another `key` gives the relay another name and another source: with the former ones it does not start.
   *
   * @default the id of the event's stream
   */
  readonly key?: (event: ProjectedEvent<TGroups, TMetadata>) => string;
  /**
   * What each event is published as, by event type; undefined for an event that is not. The same event must give the same
   * message each time. The relay reads only events that are named here.
   */
  readonly map: {
    readonly [TType in ProjectedEvent<TGroups, TMetadata>['type']]?: (
      event: Extract<ProjectedEvent<TGroups, TMetadata>, { readonly type: TType }>,
    ) => NewEventOf<TPublished[number]> | undefined;
  };
  /** Where to publish, such as `rabbitmq({ url, exchange: 'orders' })`. */
  readonly transport: Transport;
  /** `binary`: attributes as headers. `structured`: all of the CloudEvent in one JSON document. @default 'binary' */
  readonly mode?: ContentMode;
  /** How many slices the events are divided into, by `key`: at most 1024. May change without a new version. @default 1 */
  readonly slices?: number;
  /** Used once, when the first version is migrated. @default 'end': events of the past are not published */
  readonly start?: ReactionStart;
  /**
   * What happens when a message was refused, or its `map` threw, as often as `retry.attempts` says. `stop`: the relay
   * stops. `park`: the key is set aside until an operator resumes it or gives the event up. A broker that is away is waited
   * for, and no such failure.
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
}

/** A relay, without the types of its events. */
export interface AnyRelay {
  readonly kind: 'relay';
  readonly name: string;
  readonly version: number;
  readonly events: readonly AnyEventGroup[];
  readonly publishes: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly eventTypes: readonly string[];
  readonly code: readonly string[];
  readonly source: string;
  readonly transport: Transport;
  readonly mode: ContentMode;
  readonly slices: number;
  readonly start: ReactionStart;
  readonly onFailure: OnFailure;
  readonly retry: RetryPolicy;
  /** @throws what the option `key` throws; TypeError when it returns no text, or an empty one */
  keyOf(event: RecordedEvent): string;
  /**
   * @returns undefined for an event that is not published
   * @throws what the option `map` throws; UnknownEventError, InvalidEventError for a message that is none of the language
   */
  messageOf(event: RecordedEvent): PublishedMessage | undefined;
}

/** Publishes events to other services. Made by {@link defineRelay}. */
export interface Relay<
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
  TPublished extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
> extends AnyRelay {
  readonly events: TGroups;
  readonly publishes: TPublished;
}

const optionNames = {
  name: true,
  version: true,
  events: true,
  publishes: true,
  source: true,
  metadata: true,
  key: true,
  map: true,
  transport: true,
  mode: true,
  slices: true,
  start: true,
  onFailure: true,
  retry: true,
} as const;

const defaultRetry: RetryPolicy = { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 };

/** A URI reference has no spaces or control characters, and is printable ASCII. */
const uriReference = /^[!-~]{1,255}$/;

/**
 * Defines a relay: which events of the log are published to other services, and as what.
 *
 * The log is the outbox: each committed event that the relay maps is published at least once, in the order of its key,
 * and the relay goes past it only when the broker has confirmed it. A consumer with an inbox makes its effects happen
 * once.
 *
 * @example
 * ```ts
 * export const ordersOut = defineRelay({
 *   name: 'orders-out',
 *   source: '/shop/orders',
 *   events: [orderEvents],
 *   publishes: [orderMessages],
 *   map: {
 *     'order.placed': ({ data }) => orderMessages.create.placed({ total: data.cents / 100 }),
 *   },
 *   transport: postgresQueue({ url, queue: 'orders' }),
 * });
 * ```
 *
 * @throws InvalidNameError when the name is empty, too long, or has "+".
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 * @throws DuplicateDefinitionError when two messages have one type.
 */
export function defineRelay<
  const TGroups extends readonly AnyEventGroup[],
  const TPublished extends readonly AnyEventGroup[],
  TMetadata extends MetadataSchema = MetadataSchema,
>(options: RelayOptions<TGroups, TPublished, TMetadata>): Relay<TGroups, TPublished> {
  assertGiven('options', options, optionNames);
  const { name, version = 1, events, publishes, source, transport } = options;
  const { mode = 'binary', slices = 1, start = 'end', onFailure = 'stop' } = options;
  assertSubscriptionName('relay name', name);
  assertWhole(`version of relay "${name}"`, version, { least: 1, most: 2_147_483_647 });
  assertEach('events', events, assertEventGroup);
  assertEach('publishes', publishes, assertEventGroup);
  assertGivenText(`source of relay "${name}"`, source);
  if (!uriReference.test(source))
    throw new InvalidArgumentError(
      `source of relay "${name}"`,
      'must be a URI reference of 1 to 255 printable ASCII characters without spaces, such as "/shop/orders"',
    );
  if (options.metadata !== undefined) assertSchema('metadata', options.metadata);
  assertFunction('key', options.key);
  assertHandlers('map', options.map, typesOf(events));
  assertSomeHandler(`map of relay "${name}"`, options.map);
  assertTransport(`transport of relay "${name}"`, transport);
  assertOneOf(`mode of relay "${name}"`, mode, ['binary', 'structured']);
  assertWhole(`slices of relay "${name}"`, slices, { least: 1, most: 1_024 });
  assertReactionStart(start);
  assertOneOf(`onFailure of relay "${name}"`, onFailure, ['stop', 'park']);
  const language = new EventCatalog(publishes, `relay "${name}"`);
  // Sound: each function is called with events of its type.
  const map = options.map as Readonly<Record<string, ((event: RecordedEvent) => unknown) | undefined>>;
  const key = options.key as ((event: RecordedEvent) => unknown) | undefined;
  return {
    kind: 'relay',
    name,
    version,
    events,
    publishes,
    eventTypes: Object.keys(map),
    code: [...Object.values(map), ...(key === undefined ? [] : [key])].map(sourceOf),
    source,
    transport,
    mode,
    slices,
    start,
    onFailure,
    retry: toRetryPolicy(options.retry, defaultRetry),
    keyOf(event) {
      const found = key === undefined ? event.streamId : key(event);
      if (typeof found === 'string' && found !== '') return found;
      const what = found === '' ? 'an empty text' : typeof found;
      throw new TypeError(
        `"key" of relay "${name}" returned ${what}; return a text of one character or more`,
      );
    },
    messageOf(event) {
      const message = map[event.type]?.(event);
      return message === undefined ? undefined : parseMessage(name, language, message);
    },
  };
}

function parseMessage(relay: string, language: EventCatalog, message: unknown): PublishedMessage {
  const { type } = (message ?? {}) as Partial<NewEvent>;
  if (typeof type !== 'string')
    throw new TypeError(
      `"map" of relay "${relay}" returned ${message === null ? 'null' : typeof message}; return a message of \`publishes\`, such as orderMessages.create.placed(…), or undefined`,
    );
  const made = message as NewEvent;
  return { type, schemaVersion: made.schemaVersion, data: language.payloadOf(made) };
}

/** @throws InvalidArgumentError */
export function assertTransport(argument: string, value: unknown): asserts value is Transport {
  assertObject('a transport', argument, value, ['name', 'openPublisher', 'openReceiver']);
  const { name, openPublisher, openReceiver } = value as Partial<Transport>;
  assertGivenText(`${argument}.name`, name);
  assertGivenFunction(`${argument}.openPublisher`, openPublisher);
  assertGivenFunction(`${argument}.openReceiver`, openReceiver);
}
