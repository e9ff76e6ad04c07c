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
import { recordProcesses } from '../sql/process-changes.ts';
import { hasDeadlineRows } from '../sql/deadlines.ts';
import { readRecorded } from '../sql/recorded-answers.ts';
import { changesOf } from './changes-of.ts';
import { inputIdOf } from './command-ids.ts';
import { answerIdOf, commandsOf, dispatchOutputs } from './dispatch-outputs.ts';
import { fireDeadlines } from './fire-deadlines.ts';
import { inheritedMetadata } from './inherited-metadata.ts';
import type { ExecuteProcessCommand } from './execute-command.ts';
import { recordInput } from './record-input.ts';
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
  const keyOf = (event: RecordedEvent): string => {
    if (isOwn(event)) return aggregateIdOf(event.streamId);
    // The newest version that reads the event says which instance it concerns.
    const reader = all.find(({ eventTypes }) => eventTypes.includes(event.type));
    return reader?.instanceOf(event) ?? NO_INSTANCE;
  };
  const hasOpen = (event: RecordedEvent, answered: ReadonlySet<string>) =>
    commandsOf(name, event).some(({ index }) => !answered.has(answerIdOf(name, event, index)));
  const changesIn = (queues: readonly KeyQueue[]) => {
    const own = queues.flatMap((queue) => queue.events.slice(0, queue.done).filter(isOwn));
    return changesOf(name, own);
  };

  async function processEvent(
    event: RecordedEvent,
    { mayProcess, signal: stopped }: EffectBatch,
    answered: ReadonlySet<string>,
  ): Promise<void> {
    await withinCall({ timeoutMs, stopped }, async (signal) => {
      if (isOwn(event)) {
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
      const id = keyOf(event);
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
      const answers = queues.flatMap((queue) =>
        queue.events.flatMap((event) =>
          isOwn(event) ? commandsOf(name, event).map(({ index }) => answerIdOf(name, event, index)) : [],
        ),
      );
      await takeovers.begin(batch.term);
      const look = () => store.loops.background.during(() => readRecorded(store, answers));
      let answered = await look();
      const open = queues.flatMap((queue) =>
        queue.events.filter((event) => isOwn(event) && hasOpen(event, answered)),
      );
      if (await takeovers.takeOver(batch.term, open)) answered = await look();
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
