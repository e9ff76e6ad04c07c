import { type AnyProcess, type AnyProjection, type AnyReaction, StoreUnavailableError } from '@leftfold/core';
import { shownName } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { AnyRelay, ConsumerRunner, RelayRunner } from '@leftfold/messaging';
import { within } from '@leftfold/postgres';
import {
  type FailingDeadlines,
  newestOf,
  type ProcessRunner,
  type VersionProblem,
} from '@leftfold/processes';
import type { ProjectionRunner } from '@leftfold/projections';
import { continuedBy, type Progress, readProgress, type ReactionRunner } from '@leftfold/subscriptions';

/** What the health of an app is made of. */
export interface AppParts {
  readonly store: PostgresEventStore;
  readonly projections: readonly AnyProjection[];
  readonly reactions: readonly AnyReaction[];
  readonly processes: readonly AnyProcess[];
  readonly relays: readonly AnyRelay[];
  readonly runner: Pick<ProjectionRunner, 'isSame'>;
  readonly reactionRunner: Pick<ReactionRunner, 'isSame'>;
  readonly processRunner: Pick<ProcessRunner, 'isSame' | 'problems' | 'failingDeadlines'>;
  readonly relayRunner: Pick<RelayRunner, 'isSame'>;
  /** Undefined when this process runs no consumers. */
  readonly consumerRunner: Pick<ConsumerRunner, 'status'> | undefined;
  readonly isClosed: () => boolean;
}

/** A projection, a reaction, a process or a relay, all of its slices together. */
export interface PartState {
  readonly kind: Part['kind'];
  /** `projection balances`. */
  readonly label: string;
  readonly state: Progress['state'] | 'missing' | 'mismatched';
  /** Why it is not as it should be, in words; undefined when it is, or when only its lag tells. */
  readonly problem: string | undefined;
  /** What an operator should know beside that. */
  readonly note: string | undefined;
  /** What it has to become before the app is ready, in words; undefined when it is. */
  readonly notReady: string | undefined;
  /** Every event at or below it has been processed, by all slices. */
  readonly position: number;
  readonly lag: number;
  readonly lagSeconds: number;
  /** Events that are set aside, and their keys. */
  readonly parked: { readonly keys: number; readonly events: number };
}

interface Part {
  readonly kind: 'projection' | 'reaction' | 'process' | 'relay';
  readonly name: string;
  readonly version: number;
  /** Whether appends have to apply it. */
  readonly inline: boolean;
  readonly isSame: (definitionHash: string) => boolean;
}

/**
 * How each part is doing, by one statement, and one for the deadlines of processes.
 *
 * @throws StoreUnavailableError when there is no answer in time; the signal's reason; what the database threw
 */
export async function lookAt(
  parts: AppParts,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly PartState[]> {
  const all = partsOf(parts);
  const late = (): never => {
    throw new StoreUnavailableError(
      `the database gave no answer within ${timeoutMs} ms; check that it is reachable`,
    );
  };
  const limitMs = Math.min(timeoutMs, parts.store.answerMs);
  const look = async () => {
    const [rows, problems, failing] = await Promise.all([
      readProgress(parts.store, all, limitMs),
      parts.processRunner.problems(),
      parts.processRunner.failingDeadlines(MOST_COUNTED),
    ]);
    const ended = all.flatMap((part) => newerVersionOf(part, rowsOf(part, rows)) ?? []);
    const newer = ended.length === 0 ? [] : await readProgress(parts.store, ended, limitMs);
    return all.map((part) => {
      const slices = rowsOf(part, rows);
      const next = newerVersionOf(part, slices);
      if (next !== undefined) return continuedState(part, next, rowsOf(next, newer));
      const state = stateOf(part, slices);
      if (part.kind !== 'process') return state;
      const own = problems.filter(({ process }) => process === part.name);
      return withDeadlines(withVersions(state, own), failing.get(part.name));
    });
  };
  return within(look(), { limitMs: timeoutMs, late, signal });
}

const rowsOf = (ref: Pick<Part, 'name' | 'version'>, rows: readonly Progress[]) =>
  rows.filter(({ name, version }) => name === ref.name && version === ref.version);

/** The version that goes on where a part of this app was. */
function newerVersionOf({ name }: Part, [first]: readonly Progress[]) {
  const version = first && continuedBy(first.definition_hash);
  return version === undefined ? undefined : { name, version };
}

/** A newer release goes on with it: that is no problem, while one is there. */
function continuedState(
  { kind, name, version }: Part,
  next: { readonly version: number },
  slices: readonly Progress[],
): PartState {
  const isLed = slices.some(({ owner, has_process: hasProcess }) => owner !== null || hasProcess);
  const problem = isLed
    ? undefined
    : `version ${next.version} goes on where it was, and no process runs that; finish the deployment of it, or deploy this definition as version ${next.version + 1}`;
  return {
    kind,
    label: labelOf(kind, name, version),
    state: 'outdated',
    problem,
    note: `version ${next.version} of a newer release goes on where it was`,
    notReady: problem,
    position: 0,
    lag: 0,
    lagSeconds: 0,
    parked: { keys: 0, events: 0 },
  };
}

function withVersions(state: PartState, problems: readonly VersionProblem[]): PartState {
  const missing = problems.find(({ error }) => error.code === 'PROCESS_VERSION_MISSING')?.error.message;
  const changed = problems.find(({ error }) => error.code === 'PROCESS_DEFINITION_CHANGED')?.error.message;
  return {
    ...state,
    problem: state.problem ?? missing,
    notReady: state.notReady ?? missing,
    note: state.note ?? changed,
  };
}

/** Deadlines are counted up to this number: a probe has to be cheap, also when all of them fail. */
const MOST_COUNTED = 1_000;

/** Without what was thrown, which may have data of events in it. */
function withDeadlines(state: PartState, failing: FailingDeadlines | undefined): PartState {
  if (failing?.first === undefined) return state;
  const { count, first } = failing;
  const times = first.attempts === 1 ? 'once' : `${first.attempts} times`;
  const one = `${shownName(first.deadline)} of instance ${shownName(first.id)}`;
  const failed =
    count === 1
      ? `deadline ${one} has failed ${times}`
      : `${count}${count === MOST_COUNTED ? ' or more' : ''} deadlines fail, the first one, ${one}, ${times} so far`;
  const said = `${failed}; status() has the reason`;
  return { ...state, note: state.note === undefined ? said : `${state.note}; ${said}` };
}

function partsOf({
  projections,
  reactions,
  processes,
  relays,
  runner,
  reactionRunner,
  processRunner,
  relayRunner,
}: AppParts): readonly Part[] {
  return [
    ...projections.map((projection): Part => {
      const { name, version, mode } = projection;
      const isSame = (hash: string) => runner.isSame(projection, hash);
      return { kind: 'projection', name, version, inline: mode === 'inline', isSame };
    }),
    ...reactions.map((reaction): Part => {
      const { name, version } = reaction;
      const isSame = (hash: string) => reactionRunner.isSame(reaction, hash);
      return { kind: 'reaction', name, version, inline: false, isSame };
    }),
    ...newestOf(processes).map((process): Part => {
      const { name, version } = process;
      const isSame = (hash: string) => processRunner.isSame(process, hash);
      return { kind: 'process', name, version, inline: false, isSame };
    }),
    ...relays.map((relay): Part => {
      const { name, version } = relay;
      const isSame = (hash: string) => relayRunner.isSame(relay, hash);
      return { kind: 'relay', name, version, inline: false, isSame };
    }),
  ];
}

const labelOf = (kind: Part['kind'], name: string, version: number) =>
  `${kind} ${name}${version === 1 ? '' : ` v${version}`}`;

/** Worst first. */
const byUrgency: readonly Progress['state'][] = [
  'stopped',
  'outdated',
  'paused',
  'waiting',
  'stalled',
  'running',
  'inline',
];

function stateOf(part: Part, slices: readonly Progress[]): PartState {
  const { kind, name, version } = part;
  const label = labelOf(kind, name, version);
  const worst = byUrgency.flatMap((state) => slices.find((slice) => slice.state === state) ?? [])[0];
  if (worst === undefined) {
    const problem = 'it has no checkpoint in this database; call migrate() with its definition';
    const parked = { keys: 0, events: 0 };
    return {
      kind,
      label,
      state: 'missing',
      problem,
      note: undefined,
      notReady: problem,
      position: 0,
      lag: 0,
      lagSeconds: 0,
      parked,
    };
  }
  const position = Math.min(...slices.map((slice) => slice.position));
  const lag = Math.max(...slices.map((slice) => slice.lag));
  const lagSeconds = Math.max(...slices.map((slice) => slice.lag_seconds));
  const isSame = part.isSame(worst.definition_hash);
  const state = isSame ? worst.state : 'mismatched';
  const problem = isSame ? problemOf(worst, slices) : MISMATCHED;
  const parked = {
    keys: slices.reduce((sum, slice) => sum + slice.parked_keys, 0),
    events: slices.reduce((sum, slice) => sum + slice.parked_events, 0),
  };
  const notReady = problem ?? whyNotReady(part, worst);
  return { kind, label, state, problem, note: undefined, notReady, position, lag, lagSeconds, parked };
}

/** As the state `stalled` has it. */
const STILL_SECONDS = 10;

const MISMATCHED =
  'it is defined in another way in this database; status() has the differences: raise its version, or reset it';

function problemOf(worst: Progress, slices: readonly Progress[]): string | undefined {
  const {
    state,
    failed_position: position,
    failed_type: type,
    still_seconds: still,
    held_by: session,
  } = worst;
  const at = position === null ? '' : ` at position ${position}${type === null ? '' : `, event "${type}"`}`;
  if (state === 'stopped')
    return `it stopped${at}; status() has the reason: fix it, then deploy it or call resume()`;
  if (state === 'outdated') return `it is left to a newer release${at}; finish the deployment of that one`;
  if (state === 'paused') return 'it is paused; resume it';
  const since = `the position has not moved for ${Math.round(still ?? 0)} s though events wait`;
  if (session !== null && (still ?? 0) > STILL_SECONDS)
    return `${since}: it waits for ${session}, which has not ended; end that session`;
  if (state === 'stalled')
    return `a process holds its lease, and ${since}; status() and incidents have the reason`;
  if (slices.every(({ caught_up: caughtUp }) => caughtUp)) return undefined;
  const first = Math.min(...slices.map((slice) => slice.position));
  return `it has not caught up with the log yet, it is at position ${first}`;
}

/** An inline projection that appends of another release keep from it is asynchronous, and complete. */
function whyNotReady({ kind, inline }: Part, { state, demoted }: Progress): string | undefined {
  if (inline && state !== 'inline' && !demoted)
    return 'appends do not apply it yet; it becomes inline when it has caught up';
  if (kind !== 'projection' && state === 'waiting') return 'no process runs it';
  return undefined;
}
