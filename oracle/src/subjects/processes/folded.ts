import type { Fact } from './recorded.ts';

/** Where an instance stands as its stream says. */
export interface FoldedInstance {
  readonly process: string;
  readonly id: string;
  version: number;
  status: 'running' | 'completed' | 'failed';
  failure: string | null;
  streamVersion: number;
  /** Those that are open, by name. */
  deadlines: Map<string, FoldedDeadline>;
  /** Deadlines that were inputs before they were due. */
  readonly early: string[];
  /** Deadlines that were inputs though they were not open. */
  readonly stale: string[];
  /** Ids of inputs, to see that each was taken once. */
  readonly inputs: string[];
  /** Of the process, as its last input left it: what was rejected. */
  readonly rejected: string[];
}

export interface FoldedDeadline {
  /** The stream version of the event that set it. */
  readonly number: number;
  readonly dueMs: number;
  /** An input of this type closes it. */
  readonly until: string | undefined;
}

interface Output {
  readonly kind: string;
  readonly deadline?: string;
  readonly afterMs?: number;
  readonly until?: string;
  readonly reason?: string;
}

interface Input {
  readonly type: string;
  readonly id: string;
  readonly name?: string;
  readonly number?: number;
  readonly as?: string;
  readonly reason?: string;
}

/** A fold of the streams of some processes that shares no code with the packages. */
export function foldInstances(
  facts: readonly Fact[],
  processes: readonly string[],
): ReadonlyMap<string, FoldedInstance> {
  const byStream = new Map<string, FoldedInstance>();
  for (const fact of facts) {
    const [process = '', name = ''] = fact.type.split('.');
    if (!processes.includes(process)) continue;
    const id = fact.streamId.slice(process.length + 1);
    const instance = byStream.get(fact.streamId) ?? newInstance(process, id);
    byStream.set(fact.streamId, instance);
    instance.streamVersion = fact.streamVersion;
    if (name === 'started') instance.version = Number(fact.data['version']);
    else if (name === 'received') take(instance, fact);
    else if (name === 'retried') {
      instance.status = 'running';
      instance.failure = null;
    }
  }
  return byStream;
}

function newInstance(process: string, id: string): FoldedInstance {
  return {
    process,
    id,
    version: 0,
    status: 'running',
    failure: null,
    streamVersion: 0,
    deadlines: new Map(),
    early: [],
    stale: [],
    inputs: [],
    rejected: [],
  };
}

function take(instance: FoldedInstance, { data, streamVersion, recordedMs }: Fact): void {
  // Sound: the data is that of the event.
  const { input, outputs, late } = data as unknown as {
    readonly input: Input;
    readonly outputs: readonly Output[];
    readonly late?: boolean;
  };
  instance.inputs.push(`${input.type} ${input.id} ${input.as ?? ''}`);
  if (late === true) return;
  if (input.type === 'rejected') instance.rejected.push(input.reason ?? '');
  if (input.type === 'deadline') fire(instance, input, recordedMs);
  for (const [name, { until }] of instance.deadlines)
    if (until === input.type) instance.deadlines.delete(name);
  for (const { kind, deadline = '', afterMs = 0, until, reason } of outputs) {
    if (kind === 'schedule')
      // An app reads whole milliseconds of the time at which an event was recorded.
      instance.deadlines.set(deadline, {
        number: streamVersion,
        dueMs: Math.floor(recordedMs) + afterMs,
        until,
      });
    else if (kind === 'cancel') instance.deadlines.delete(deadline);
    else if (kind === 'complete' || kind === 'fail') {
      instance.status = kind === 'fail' ? 'failed' : 'completed';
      instance.failure = reason ?? null;
      instance.deadlines.clear();
    }
  }
}

function fire(
  { deadlines, stale, early }: FoldedInstance,
  { name = '', number }: Input,
  nowMs: number,
): void {
  const open = deadlines.get(name);
  if (open === undefined || open.number !== number) stale.push(name);
  else if (nowMs < open.dueMs) early.push(`${name}, ${Math.round(open.dueMs - nowMs)} ms before it was due`);
  deadlines.delete(name);
}
