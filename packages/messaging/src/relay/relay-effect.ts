import { createHash } from 'node:crypto';
import type { RecordedEvent } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { Effect, EffectBatch, KeyQueue } from '@leftfold/subscriptions';
import { toCloudEvent } from '../envelope/cloud-event.ts';
import { sequenceOf } from '../envelope/sequence.ts';
import { type PublishedKey, publishedKeysStatement, recordPublished } from '../sql/published-keys.ts';
import type { OutgoingMessage, PublishOutcome } from '../transport/transport.ts';
import type { AnyRelay } from './define-relay.ts';
import type { SharedPublisher } from './shared-publisher.ts';

/** Events of a batch, at least: confirmations are waited for together. */
const LEAST_BATCH = 500;
/** Keys that were set aside and are published together. */
const KEYS_AT_ONCE = 100;

export interface RelayEffectOptions {
  readonly store: PostgresEventStore;
  readonly publisher: SharedPublisher;
}

/** Where one message of a batch belongs. */
interface Sent {
  readonly queue: KeyQueue;
  readonly event: RecordedEvent;
  readonly message: OutgoingMessage;
}

/**
 * Publishes the events of a batch in the order of the log, and counts those that the broker has. The next batch follows as
 * soon as all are sent.
 */
export function relayEffect(relay: AnyRelay, { store, publisher }: RelayEffectOptions): Effect {
  const lastOf = new WeakMap<KeyQueue, string>();
  /** Of each queue the last message that was sent, whatever became of it. */
  const sentLastOf = new WeakMap<KeyQueue, string>();
  return {
    ...relay,
    keyOf: (event) => relay.keyOf(event),
    leastBatch: LEAST_BATCH,
    keysAtOnce: KEYS_AT_ONCE,
    ahead: true,
    process: async (queues, batch) => {
      const before = sequencesOf(batch.before, sentLastOf);
      const { sent, skipped } = await toMessages(relay, { store, queues, batch, before });
      for (const { queue, message } of sent) sentLastOf.set(queue, message.sequence);
      const messages = sent.map(({ message }) => message);
      const outcomes =
        messages.length === 0 ? [] : await publisher.publish(messages, batch.signal, batch.goOn);
      // One that is left out must not be taken for one that the broker has.
      if (outcomes.length !== sent.length)
        throw new TypeError(
          `publish() of ${publisher.name} returned outcomes for ${outcomes.length} of ${sent.length} messages; return one for each`,
        );
      const outcomeOf = new Map(sent.map(({ event }, place) => [event, outcomes[place]]));
      for (const queue of queues) {
        const last = confirm(queue, { outcomeOf, skipped, batch });
        if (last !== undefined) lastOf.set(queue, last);
      }
    },
    recordOf: (queues) => {
      // A key has a queue in each of the batches that are recorded together: the last one counts.
      const last = sequencesOf(queues, lastOf);
      if (last.size === 0) return undefined;
      const published = [...last].map(([key, sequence]): PublishedKey => ({ key, sequence }));
      return recordPublished(store.schema, relay.name, published);
    },
  };
}

/** By key. */
function sequencesOf(
  queues: readonly KeyQueue[],
  sequenceOfQueue: { get(queue: KeyQueue): string | undefined },
): ReadonlyMap<string, string> {
  const sequences = new Map<string, string>();
  for (const queue of queues) {
    const sequence = sequenceOfQueue.get(queue);
    if (sequence !== undefined) sequences.set(queue.key, sequence);
  }
  return sequences;
}

interface ToMessages {
  readonly store: PostgresEventStore;
  readonly queues: readonly KeyQueue[];
  readonly batch: EffectBatch;
  /** The last message by key that was sent by batches that are not recorded yet. */
  readonly before: ReadonlyMap<string, string>;
}

/**
 * The messages of a batch in the order of the log, each with the one before it. A queue ends before an event that cannot be
 * mapped; what is published already is left out.
 */
async function toMessages(
  relay: AnyRelay,
  { store, queues, batch: { lineage, attemptOf }, before }: ToMessages,
): Promise<{ readonly sent: readonly Sent[]; readonly skipped: ReadonlySet<RecordedEvent> }> {
  const keys = queues.map(({ key }) => key).filter((key) => !before.has(key));
  const rows =
    keys.length === 0
      ? []
      : await store.loops.background.during(() =>
          store.run<PublishedKey>(publishedKeysStatement(store.schema, relay.name, keys)),
        );
  const previousOf = new Map([...before, ...rows.map(({ key, sequence }) => [key, sequence] as const)]);
  const origin = { source: relay.source, lineage: shortened(lineage) };
  const sent: Sent[] = [];
  const skipped = new Set<RecordedEvent>();
  for (const queue of queues) {
    const { key } = queue;
    for (const event of queue.events) {
      const previous = previousOf.get(key);
      // The broker has it already: another process has gone further than this one, whose lease is lost.
      if (previous !== undefined && sequenceOf(event) <= previous) {
        skipped.add(event);
        continue;
      }
      try {
        const mapped = relay.messageOf(event);
        if (mapped === undefined) {
          skipped.add(event);
          continue;
        }
        const message = toCloudEvent(mapped, { ...origin, event, key, previous }, relay.mode);
        sent.push({ queue, event, message });
        previousOf.set(key, message.sequence);
      } catch (cause) {
        queue.failure = { cause: readable(cause), attempts: attemptOf(queue, event) };
        break;
      }
    }
  }
  sent.sort((one, other) => (one.message.sequence < other.message.sequence ? -1 : 1));
  return { sent, skipped };
}

interface Confirmed {
  readonly outcomeOf: ReadonlyMap<RecordedEvent, PublishOutcome>;
  readonly skipped: ReadonlySet<RecordedEvent>;
  readonly batch: EffectBatch;
}

/**
 * Counts the first events of a queue that need no further attempt. Messages after one that was refused are sent again
 * after it, in their order.
 *
 * @returns the sequence of the last message that the broker has, of the events that do not come again
 */
function confirm(queue: KeyQueue, { outcomeOf, skipped, batch }: Confirmed): string | undefined {
  const published: RecordedEvent[] = [];
  for (const event of queue.events) {
    const isSent = outcomeOf.has(event);
    if (!isSent && !skipped.has(event)) break; // it could not be mapped
    const outcome = outcomeOf.get(event);
    if (outcome !== undefined) {
      queue.failure = { cause: readable(outcome), attempts: batch.attemptOf(queue, event) };
      break;
    }
    queue.done += 1;
    if (isSent) published.push(event);
  }
  // All that a stored event is read as is set aside together.
  const next = queue.events[queue.done];
  const last = published.findLast(({ position }) => position !== next?.position);
  return last === undefined ? undefined : sequenceOf(last);
}

/** A lineage has names of files, and times: outside of the service it is only compared. */
function shortened(lineage: string): string {
  return createHash('sha256').update(lineage).digest('base64url').slice(0, 22);
}
