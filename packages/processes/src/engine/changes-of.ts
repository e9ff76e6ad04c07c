import { aggregateIdOf, type ProcessEventData, type ProcessOutput, type RecordedEvent } from '@leftfold/core';
import type { InstanceStatus } from '../instance/instance-state.ts';
import type {
  ClosedDeadlines,
  InstanceChange,
  OpenedDeadline,
  ProcessChanges,
} from '../sql/process-changes.ts';
import { laterMetadata } from './inherited-metadata.ts';

/** Of a failure, in characters, in the table for operators. The log keeps all of it. */
const MOST_FAILURE = 1_000;

/** JSON keeps it, whatever the limit cuts in two. */
const failureText = (text: string) => text.slice(0, MOST_FAILURE).toWellFormed();

/** What the events of instances, in order, change in the tables for operators; undefined for nothing. */
export function changesOf(name: string, events: readonly RecordedEvent[]): ProcessChanges | undefined {
  const byId = new Map<string, InstanceChanges>();
  for (const event of events) {
    const id = aggregateIdOf(event.streamId);
    const changes = byId.get(id) ?? new InstanceChanges(id);
    byId.set(id, changes);
    changes.add(event.type.slice(name.length + 1), event);
  }
  const all = [...byId.values()];
  const instances = all.flatMap(({ change }) => change ?? []);
  if (instances.length === 0) return undefined;
  return {
    instances,
    closed: all.flatMap(({ closed }) => closed),
    opened: all.flatMap(({ opened }) => [...opened.values()]),
  };
}

/** The changes of one instance. Deadlines that were set and closed since the last record leave no trace. */
class InstanceChanges {
  readonly closed: ClosedDeadlines[] = [];
  readonly opened = new Map<string, OpenedDeadline>();
  change: InstanceChange | undefined;
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  add(name: string, event: RecordedEvent): void {
    switch (name) {
      case 'started': {
        const { version, definition } = event.data as ProcessEventData<'started'>;
        return this.#become(event, 'running', { version, definition });
      }
      case 'received': {
        const { input, outputs, deferred, late, summary } = event.data as ProcessEventData<'received'>;
        if (deferred === true) return this.#become(event, 'paused');
        if (late === true) return this.#become(event, 'failed');
        this.#take(input.type, input.name);
        return this.#do(event, outputs, { summary });
      }
      case 'paused':
        return this.#become(event, 'paused');
      case 'resumed': {
        const { handled, remaining, summary } = event.data as ProcessEventData<'resumed'>;
        for (const one of handled.slice(0, -1)) {
          this.#take(one.type, one.name);
          this.#do(event, one.outputs, {});
        }
        const last = handled.at(-1);
        if (last !== undefined) this.#take(last.type, last.name);
        this.#do(event, last?.outputs ?? [], { summary });
        if (remaining !== undefined) this.#become(event, 'paused');
        return;
      }
      case 'cancelled': {
        this.#closeAll();
        const { reason } = event.data as ProcessEventData<'cancelled'>;
        return this.#become(event, 'cancelled', { failure: reason });
      }
      case 'retried':
        return this.#become(event, 'running');
      case 'moved': {
        const { paused, ...moved } = event.data as ProcessEventData<'moved'>;
        return this.#become(event, paused === true ? 'paused' : 'running', moved);
      }
      case 'forked': {
        const { outputs, ...forked } = event.data as ProcessEventData<'forked'>;
        return this.#do(event, outputs, forked);
      }
    }
  }

  /** An input closes its deadline, and those that wait for it. */
  #take(type: string, name: string | undefined): void {
    if (type === 'deadline' && name !== undefined) this.#close(name);
    for (const [deadline, { until }] of this.opened) if (until === type) this.opened.delete(deadline);
    this.closed.push({ id: this.#id, until: type });
  }

  #do(
    event: RecordedEvent,
    outputs: readonly ProcessOutput[],
    given: Pick<Partial<InstanceChange>, 'version' | 'definition' | 'summary'>,
  ): void {
    for (const output of outputs) {
      if (output.kind === 'schedule') {
        const { deadline, afterMs, at, until } = output;
        const { streamVersion: number, recordedAt } = event;
        const metadata = laterMetadata(event);
        const opened = { id: this.#id, deadline, number, recordedAt, afterMs, at, until, metadata };
        this.#close(deadline);
        this.opened.set(deadline, opened);
      } else if (output.kind === 'cancel') this.#close(output.deadline);
      else if (output.kind === 'complete' || output.kind === 'fail') {
        this.#closeAll();
        const failure = output.kind === 'fail' ? output.reason : undefined;
        return this.#become(event, output.kind === 'fail' ? 'failed' : 'completed', { ...given, failure });
      }
    }
    this.#become(event, 'running', given);
  }

  #close(deadline: string): void {
    this.opened.delete(deadline);
    this.closed.push({ id: this.#id, deadline });
  }

  #closeAll(): void {
    this.opened.clear();
    this.closed.push({ id: this.#id });
  }

  #become(
    { streamVersion, recordedAt }: RecordedEvent,
    status: InstanceStatus,
    {
      version,
      definition,
      summary,
      failure,
    }: Pick<Partial<InstanceChange>, 'version' | 'definition' | 'summary' | 'failure'> = {},
  ): void {
    this.change = {
      id: this.#id,
      version: version ?? this.change?.version,
      definition: definition ?? this.change?.definition,
      status,
      summary: summary ?? this.change?.summary,
      failure: failure === undefined ? this.change?.failure : failureText(failure),
      streamVersion,
      recordedAt,
    };
  }
}
