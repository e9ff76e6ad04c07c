import type { Fact } from './recorded.ts';

/** Where an instance stands as its stream says. */
export interface FoldedInstance {
  readonly process: string;
  readonly id: string;
  version: number;
  status: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  failure: string | null;
  /** Of the last event that says something about the instance: not of what it publishes. */
  streamVersion: number;
  /** Those that are open, by name. */
  readonly deadlines: Map<string, FoldedDeadline>;
  /** Deadlines that were inputs before they were due. */
  readonly early: string[];
  /** Deadlines that were inputs though they were not open. */
  readonly stale: string[];
  /** One word for each input, to see that each was taken once. */
  readonly inputs: string[];
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
}

/** An input that came while the instance was paused, as it was taken when that was over. */
interface Handled extends Pick<Input, 'type' | 'name'> {
  readonly outputs: readonly Output[];
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
    const instance =
      byStream.get(fact.streamId) ?? newInstance(process, fact.streamId.slice(process.length + 1));
    byStream.set(fact.streamId, instance);
    foldEvent(instance, name, fact);
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
  };
}

function foldEvent(instance: FoldedInstance, name: string, fact: Fact): void {
  const { data, streamVersion } = fact;
  switch (name) {
    case 'started':
      instance.version = Number(data['version']);
      break;
    case 'received':
      receive(instance, fact);
      break;
    case 'paused':
    case 'cancelled':
      instance.status = name;
      if (name === 'cancelled') instance.failure = data['reason'] as string;
      break;
    case 'resumed':
      instance.status = 'running';
      // Sound: the data is that of the event.
      for (const { outputs, ...input } of data['handled'] as readonly Handled[])
        take(instance, input, outputs, fact);
      if (data['remaining'] !== undefined && instance.status === 'running') instance.status = 'paused';
      break;
    case 'retried':
      instance.status = 'running';
      instance.failure = null;
      break;
    default:
      return;
  }
  instance.streamVersion = streamVersion;
}

function receive(instance: FoldedInstance, fact: Fact): void {
  // Sound: the data is that of the event.
  const { input, outputs, late, deferred } = fact.data as unknown as {
    readonly input: Input;
    readonly outputs: readonly Output[];
    readonly late?: boolean;
    readonly deferred?: boolean;
  };
  instance.inputs.push(`${input.type} ${input.id} ${input.as ?? ''}`);
  if (input.type === 'deadline') judgeDeadline(instance, input, fact.recordedMs);
  if (late !== true && deferred !== true) take(instance, input, outputs, fact);
}

function take(
  instance: FoldedInstance,
  input: Pick<Input, 'type' | 'name'>,
  outputs: readonly Output[],
  { streamVersion, recordedMs }: Fact,
): void {
  if (input.type === 'deadline') instance.deadlines.delete(input.name ?? '');
  for (const [name, { until }] of instance.deadlines)
    if (until === input.type) instance.deadlines.delete(name);
  for (const { kind, deadline = '', afterMs = 0, until, reason } of outputs) {
    if (kind === 'schedule') {
      // An app reads whole milliseconds of the time at which an event was recorded.
      const dueMs = Math.floor(recordedMs) + afterMs;
      instance.deadlines.set(deadline, { number: streamVersion, dueMs, until });
    } else if (kind === 'cancel') instance.deadlines.delete(deadline);
    else if (kind === 'complete' || kind === 'fail') {
      instance.status = kind === 'fail' ? 'failed' : 'completed';
      instance.failure = reason ?? null;
      instance.deadlines.clear();
    }
  }
}

function judgeDeadline(
  { deadlines, stale, early }: FoldedInstance,
  { name = '', number }: Input,
  nowMs: number,
): void {
  const open = deadlines.get(name);
  if (open === undefined || open.number !== number) stale.push(name);
  else if (nowMs < open.dueMs) early.push(`${name}, ${Math.round(open.dueMs - nowMs)} ms before it was due`);
}
