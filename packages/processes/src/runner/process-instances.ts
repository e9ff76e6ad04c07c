import type { CommandMetadata } from '@leftfold/commands';
import {
  type CustomMetadata,
  InvalidArgumentError,
  type ProcessInstanceRef,
  ProcessInstanceNotFoundError,
  ProcessOperationRefusedError,
  type ProcessOutput,
  type RecordedEvent,
  streamIdOf,
} from '@leftfold/core';
import { assertGiven, assertGivenText, assertPlainObject, assertWhole } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { withStoreErrors } from '@leftfold/subscriptions';
import { outputsIn } from '../engine/dispatch-outputs.ts';
import type { ExecuteProcessCommand } from '../engine/execute-command.ts';
import { foldInstance } from '../instance/fold-instance.ts';
import { hasEnded, type InstanceState, noInstance } from '../instance/instance-state.ts';
import type { ForkedInstance, NotOperated } from '../instance/operate.ts';
import type { ProcessVersions } from '../instance/process-versions.ts';
import { readDeadlines } from '../sql/instances.ts';

/** What an operator gives with an operation. */
export interface OperateOptions {
  /** Recorded with the operation. */
  readonly reason: string;
  /** Of the recorded event: `actor` says who it was, and the app's own fields where its schema requires some. */
  readonly metadata?: (CommandMetadata & CustomMetadata) | undefined;
}

/** What a fork needs. */
export interface ForkOptions extends OperateOptions {
  /** The stream version of the instance after whose event the new one continues. */
  readonly atVersion: number;
  /** The id of the new instance. */
  readonly newId: string;
}

/** An open deadline of an instance. */
export interface LoadedDeadline {
  readonly name: string;
  /** Undefined until the runner has recorded the deadline. */
  readonly dueAt: Date | undefined;
  /** How often it has failed since it was due: it is tried again. */
  readonly attempts: number;
  /** What the last attempt threw. */
  readonly failure: string | undefined;
}

/** An instance as the log has it. */
export interface LoadedInstance<TState = unknown> {
  readonly id: string;
  readonly status: Exclude<InstanceState['status'], 'unknown'>;
  /** Of its process. */
  readonly version: number;
  /** Null for one that has ended, when this app does not have its version. */
  readonly state: TState;
  /** Of its last event. */
  readonly streamVersion: number;
  readonly deadlines: readonly LoadedDeadline[];
  /** Inputs that came while it was paused. */
  readonly deferred: number;
  readonly summary: string | undefined;
  /** Why it failed or was cancelled. */
  readonly failure: string | undefined;
}

/** Operations that take a reason only. */
export type OperationName = 'pause' | 'resume' | 'cancel' | 'retry' | 'abandon' | 'move';

const operateNames = { reason: true, metadata: true } as const;
const forkNames = { ...operateNames, atVersion: true, newId: true } as const;

const why: Readonly<Record<Exclude<NotOperated, 'not-started'>, string>> = {
  ended: 'it has ended',
  failed: 'it has failed; retry it, or end it for good with abandon()',
  paused: 'it is paused; resume it first',
  'not-paused': 'it is not paused',
  'not-failed': 'it has not failed',
  'nothing-rejected': 'none of its commands was rejected; fork it, at a version before it failed',
  'newest-version': 'it has the newest version that this app has',
  exists: 'there is an instance with the new id; choose another one',
  'pivot-succeeded': 'its pivot has succeeded, so it only goes forward',
  compensating: 'it is being compensated',
};

/** The instances of one process: loads them, and does what an operator wants. */
export class ProcessInstances {
  readonly #store: PostgresEventStore;
  readonly #executeCommand: ExecuteProcessCommand;
  readonly #versions: ProcessVersions;

  constructor(store: PostgresEventStore, execute: ExecuteProcessCommand, versions: ProcessVersions) {
    this.#store = store;
    this.#executeCommand = execute;
    this.#versions = versions;
  }

  async load(id: string): Promise<LoadedInstance> {
    const { name } = this.#versions;
    const { instance } = await this.#read(id);
    const { status, version, state, streamVersion, deferred, failure } = instance;
    if (status === 'unknown') throw new ProcessInstanceNotFoundError(this.#ref(id));
    const rows = await withStoreErrors(this.#store, () => readDeadlines(this.#store, name, id));
    const deadlines = Object.entries(instance.deadlines).map(([deadline, { number }]) => {
      const row = rows.get(deadline);
      const known = row?.number === number ? row : undefined;
      return {
        name: deadline,
        dueAt: known?.dueAt,
        attempts: known?.attempts ?? 0,
        failure: known?.failure,
      };
    });
    const definition = hasEnded(instance) ? this.#versions.find(version) : this.#versions.of(version);
    const summary = definition?.summaryOf(state);
    return {
      id,
      status,
      version,
      state,
      streamVersion,
      deadlines,
      deferred: deferred.length,
      summary,
      failure,
    };
  }

  async operate(operation: OperationName, id: string, options: OperateOptions): Promise<void> {
    assertGiven('options', options, operateNames);
    for (;;) {
      const events = await this.#execute(operation, id, options, {});
      // A resume takes what fits in one event.
      const isDone = events.every(
        ({ data }) => (data as { readonly remaining?: number }).remaining === undefined,
      );
      if (operation !== 'resume' || isDone) return;
    }
  }

  async fork(id: string, options: ForkOptions): Promise<void> {
    assertGiven('options', options, forkNames);
    const { atVersion, newId } = options;
    // Before anything is read.
    if (atVersion === undefined)
      throw InvalidArgumentError.not('a whole number from 1', 'atVersion', atVersion);
    assertWhole('atVersion', atVersion, { least: 1 });
    streamIdOf(this.#versions.name, newId);
    assertGivenText('reason', options.reason);
    const from = await this.#forked(id, atVersion);
    await this.#execute('fork', newId, options, { from });
  }

  async #forked(id: string, atVersion: number): Promise<ForkedInstance> {
    const { name } = this.#versions;
    const refused = (problem: string) => new ProcessOperationRefusedError(this.#ref(id), 'fork', problem);
    const { instance, last } = await this.#read(id, atVersion);
    const { streamVersion, version, state } = instance;
    if (last === undefined) throw new ProcessInstanceNotFoundError(this.#ref(id));
    if (streamVersion < atVersion)
      throw refused(`it has ${streamVersion} events, and none at version ${atVersion}`);
    if (hasEnded(instance))
      throw refused(`it had ended at version ${atVersion}; choose a version before that`);
    if (instance.status === 'paused')
      throw refused(
        `it was paused at version ${atVersion}, and the inputs that it had not taken would be lost; choose a version before or after that`,
      );
    if (streamVersion === 1 && isStarted(last))
      throw refused('nothing follows from its first event; choose the version after that');
    const open: ProcessOutput[] = Object.entries(instance.deadlines)
      .filter(([, { number }]) => number !== atVersion)
      .map(([deadline, { afterMs, at, until }]) => ({ kind: 'schedule', deadline, afterMs, at, until }));
    const outputs = [...open, ...outputsIn(last.type.slice(name.length + 1), last.data)];
    return { id, atVersion, version, state, outputs };
  }

  async #execute(
    operation: OperationName | 'fork',
    id: string,
    { reason, metadata }: OperateOptions,
    input: object,
  ): Promise<readonly { readonly data: unknown }[]> {
    assertGivenText('reason', reason);
    assertPlainObject('metadata', metadata);
    const command = { aggregate: this.#versions.name, id, name: operation, input: { reason, ...input } };
    const result = await this.#executeCommand(command, metadata === undefined ? {} : { metadata });
    if (result.outcome === 'accepted') return result.events;
    const rejected = result.reason as NotOperated;
    if (rejected === 'not-started') throw new ProcessInstanceNotFoundError(this.#ref(id));
    throw new ProcessOperationRefusedError(this.#ref(id), operation, why[rejected] ?? rejected);
  }

  /** @param to the stream version up to which it is read. @default all of it */
  async #read(
    id: string,
    to?: number,
  ): Promise<{ readonly instance: InstanceState; readonly last: RecordedEvent | undefined }> {
    const { name } = this.#versions;
    let instance = noInstance;
    let last: RecordedEvent | undefined;
    for await (const event of this.#store.readStream(streamIdOf(name, id), to === undefined ? {} : { to })) {
      instance = foldInstance(this.#versions, instance, event.type.slice(name.length + 1), event.data);
      last = event;
    }
    return { instance, last };
  }

  #ref(id: string): ProcessInstanceRef {
    return { process: this.#versions.name, id };
  }
}

/** It comes with the input that began the instance, which is the next event. */
const isStarted = ({ type }: RecordedEvent) => type.endsWith('.started');
