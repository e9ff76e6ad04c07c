import { aggregateIdOf, categoryOf, type RecordedEvent, type RecordedInput } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import {
  type Effect,
  type EffectBatch,
  type KeyQueue,
  type OnIncident,
  processQueues,
  withinCall,
} from '@leftfold/subscriptions';
import type { ProcessVersions } from '../instance/process-versions.ts';
import { hasDeadlineRows } from '../sql/deadlines.ts';
import { recordProcesses } from '../sql/process-changes.ts';
import { readRecorded } from '../sql/recorded-answers.ts';
import { changesOf } from './changes-of.ts';
import { inputIdOf } from './command-ids.ts';
import { answerIdOf, commandsOf, dispatchOutputs } from './dispatch-outputs.ts';
import { fireDeadlines } from './fire-deadlines.ts';
import { inheritedMetadata } from './inherited-metadata.ts';
import type { ExecuteProcessCommand } from './execute-command.ts';
import { recordInput } from './record-input.ts';
import { recordInstance } from './record-instance.ts';
import { Takeovers } from './take-over.ts';
import { pauseUntil, WakeUp } from './wake-up.ts';

export interface ProcessEffectOptions {
  readonly store: PostgresEventStore;
  readonly execute: ExecuteProcessCommand;
  /** For what the framework does to instances. */
  readonly executeOnInstance: ExecuteProcessCommand;
  readonly onIncident: OnIncident;
}

/** Of events that concern no instance. No instance has it as its id. */
const NO_INSTANCE = '';

/**
 * Runs all versions of a process: records the events that concern an instance as its inputs, and does what an instance has
 * recorded. What concerns one instance happens in order, instances are worked on side by side.
 */
export function processEffect(versions: ProcessVersions, options: ProcessEffectOptions): Effect {
  const { store, execute, executeOnInstance } = options;
  const { name, newest, all, events } = versions;
  const { version, concurrency, slices, start, onFailure, retry, timeoutMs } = newest;
  const recorded = new WakeUp();
  const takeovers = new Takeovers(store, executeOnInstance);
  const hasDeadlines = all.some(({ deadlines }) => deadlines.length > 0);
  const isOwn = ({ streamId }: RecordedEvent) => categoryOf(streamId) === name;
  // The newest version that reads the event says which instance it concerns.
  const instanceOf = (event: RecordedEvent): string =>
    all.find(({ eventTypes }) => eventTypes.includes(event.type))?.instanceOf(event) ?? NO_INSTANCE;
  const keyOf = (event: RecordedEvent): string => {
    if (isOwn(event)) return aggregateIdOf(event.streamId);
    try {
      return instanceOf(event);
    } catch {
      // It fails with its stream as its key, and no other event does.
      return event.streamId;
    }
  };
  const answersTo = (events: readonly RecordedEvent[]) =>
    events.flatMap((event) =>
      isOwn(event) ? commandsOf(name, event).map(({ index }) => answerIdOf(name, event, index)) : [],
    );
  const look = (events: readonly RecordedEvent[]) =>
    store.loops.background.during(() => readRecorded(store, answersTo(events)));
  const changesIn = (queues: readonly KeyQueue[]) => {
    const own = queues.flatMap((queue) => queue.events.slice(0, queue.done).filter(isOwn));
    return changesOf(name, own);
  };

  async function processEvent(
    event: RecordedEvent,
    { term, mayProcess, signal: stopped }: EffectBatch,
    found: ReadonlySet<string>,
  ): Promise<void> {
    await withinCall({ timeoutMs, stopped }, async (signal) => {
      if (isOwn(event)) {
        const isOpen = answersTo([event]).some((answerId) => !found.has(answerId));
        const isTakenOver = isOpen && (await takeovers.takeOver(term, event, signal));
        const answered = isTakenOver ? await look([event]) : found;
        const isAnswered = (answerId: string) => answered.has(answerId);
        return dispatchOutputs(event, {
          store,
          versions,
          execute,
          executeOnInstance,
          signal,
          isAnswered,
          mayProcess,
        });
      }
      const id = instanceOf(event);
      if (id === NO_INSTANCE) return;
      const input = inputOf(event);
      const metadata = inheritedMetadata(event);
      await recordInput(
        executeOnInstance,
        { process: name, id, input },
        { causedBy: event, metadata, signal },
      );
    });
  }

  return {
    kind: 'process',
    name,
    version,
    events: [...new Set(all.flatMap((one) => one.events)), events],
    eventTypes: [...versions.eventTypes, ...versions.ownTypes],
    code: all.flatMap(({ code }) => code),
    slices,
    start,
    onFailure,
    retry,
    leastBatch: 4 * concurrency,
    keysAtOnce: concurrency,
    keyOf,
    async process(queues, batch) {
      await takeovers.begin(batch.term);
      const answered = await look(queues.flatMap(({ events: ofKey }) => ofKey));
      await processQueues(queues, concurrency, batch, (event) => processEvent(event, batch, answered));
    },
    recordOf(queues) {
      const changes = changesIn(queues);
      if (changes === undefined) return undefined;
      return recordProcesses(store.schema, name, changes);
    },
    recorded: (queues) => {
      if ((changesIn(queues)?.opened.length ?? 0) > 0) recorded.wake();
    },
    givenUp: (key) => recordInstance(store, name, key),
    beside: async (term, signal) => {
      const ends = [recorded.next, signal];
      const look = () => hasDeadlineRows(store, name);
      // Versions that are not given any more may have left some: those of an instance that was moved are for its new version.
      if (!hasDeadlines && !(await store.loops.background.during(look)))
        await pauseUntil(Number.POSITIVE_INFINITY, ends);
      await fireDeadlines({ ...options, versions, recorded }, term, signal);
      return false;
    },
  };
}

function inputOf(event: RecordedEvent): RecordedInput {
  const { type, data, streamId, recordedAt } = event;
  return { type, id: inputIdOf(event), data, streamId, recordedAt: recordedAt.toISOString() };
}
