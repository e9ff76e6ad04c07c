import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { createCommandExecutor } from 'leftfold';
import { Journal } from '../../journal.ts';
import { receiveTask, serve } from '../../process/serve.ts';
import { Random } from '../../random.ts';
import { readBy } from './conditioned.ts';
import { type QueryForm, queryForms, tagForms } from './query-forms.ts';
import { RecordingStore } from './recording-store.ts';
import { school } from './school.ts';
import { account, auditEvents, courseEvents } from './school-events.ts';
import { SharedNames } from './shared-names.ts';
import {
  acknowledge,
  isConflict,
  noteFailure,
  sharedAppend,
  type Told,
  type ToldConflict,
  type ToldRejection,
} from './told.ts';

export interface DecidingTask {
  readonly name: string;
  readonly connectionString: string;
  readonly journal: string;
  readonly seed: number;
  readonly maxConnections: number;
  /** Commands and appends under way at one time. */
  readonly concurrency: number;
}

/** What this subject tells its processes. */
export interface Order {
  readonly do: 'stop';
}

/** Of an append under a condition, each on a new read. */
const ATTEMPTS = 4;

const task = receiveTask<DecidingTask>();
const random = new Random(task.seed, `${task.name} ${task.generation}`);
const names = new SharedNames(random);
using journal = new Journal(task.journal);
let stopped = false;
let appends = 0;

const { connectionString, maxConnections } = task;
await using store = createEventStore({ connectionString, maxConnections, events: school.events });
const recording = new RecordingStore(store, journal);
await using executor = createCommandExecutor({
  store: recording,
  aggregates: school.aggregates,
  decisions: Object.values(school.decisions),
});

/** Carries out one append, and records what it was told. */
type Operation = (append: string) => Promise<void>;

const { plan, subscribe, unsubscribe, buy, register, issue } = school.decisions;
const commands = [
  () => plan.command({ course: names.course(), seats: random.between(1, 6) }),
  () => subscribe.command(names.place()),
  () => subscribe.command(names.place()),
  () => subscribe.command(names.place()),
  () => unsubscribe.command(names.place()),
  () => {
    const { course, student } = names.place();
    const courses = [...new Set([course, names.course()])];
    return buy.command({ courses, student, payer: names.payer() });
  },
  () => register.command({ name: names.user() }),
  () => issue.command({}),
];

const decide: Operation = async (ownAppend) => {
  const command = random.pick(commands)();
  const input = JSON.stringify(command.input);
  // Several processes execute the same command: it is in the log once.
  const append = command.decision === 'register' && random.chance(0.5) ? sharedAppend(input) : ownAppend;
  const told: Told = { append, decision: command.decision, input };
  try {
    const result = await executor.execute(command, { commandId: append, metadata: { input } });
    for (const conflict of result.conflicts) noteConflict(told, conflict);
    if (result.outcome === 'accepted') return acknowledge(journal, append, result.events);
    const { saw } = result.details as Pick<ToldRejection, 'saw'>;
    journal.write('rejected', JSON.stringify({ ...told, saw } satisfies ToldRejection));
  } catch (error) {
    noteConflict(told, error);
    noteFailure(journal, append, error);
  }
};

function noteConflict(told: Told, error: unknown): void {
  if (!LeftfoldError.is(error) || error.code !== 'APPEND_CONDITION_FAILED') return;
  const { position, roles } = error;
  journal.write('conflict', JSON.stringify({ ...told, position, roles } satisfies ToldConflict));
}

const deposit: Operation = async (append) => {
  const command = account.command.deposit(names.payer(), { cents: 3 });
  const result = await executor.execute(command, { commandId: append });
  if (result.outcome === 'accepted') acknowledge(journal, append, result.events);
};

/** Under a condition of any form. */
const appendOnCondition: Operation = async (append) => {
  const form = random.chance(0.8)
    ? random.pick(tagForms)
    : random.pick(Object.keys(queryForms) as QueryForm[]);
  for (let attempt = 1; ; attempt += 1) {
    const { event, ...rest } = await readBy(recording, form, names.tags());
    try {
      const { events } = await recording.append(`audit-${append}`, [event], { ...rest, commandId: append });
      return acknowledge(journal, append, events);
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
    }
  }
};

/** Without a condition, by both ways into the log: events that conditions ask for. */
const appendUnasked: Operation = async (append) => {
  const course = names.course();
  const [one, two] = names.tags();
  const [streamId, event, tags] = random.pick([
    [`course-${course}`, courseEvents.create.extended({ course, seats: 1 }), [`course:${course}`]],
    [`audit-${append}`, auditEvents.create.noted({}, { tags: [one, two] }), [one, two]],
    [`audit-${append}`, auditEvents.create.marked({ read: null }, { tags: [two] }), [two]],
  ] as const);
  if (random.chance(0.5)) {
    const { events } = await store.append(streamId, [event], { commandId: append });
    return acknowledge(journal, append, events);
  }
  acknowledge(journal, append, await appendBySql(store, append, streamId, { ...event, tags }));
};

async function appendBySql(
  { pool }: PostgresEventStore,
  append: string,
  streamId: string,
  { type, data, tags }: { readonly type: string; readonly data: object; readonly tags: readonly string[] },
) {
  const { rows } = await pool.query<{ position: number }>(
    'select position::float8 as position from leftfold.append($1, $2, command_id => $3)',
    [streamId, JSON.stringify([{ type, data, tags }]), append],
  );
  return rows;
}

const operations = [
  decide,
  decide,
  decide,
  decide,
  deposit,
  appendOnCondition,
  appendOnCondition,
  appendUnasked,
];

async function work(): Promise<void> {
  while (!stopped) {
    const append = `${task.name}.${task.generation}.${(appends += 1)}`;
    try {
      await random.pick(operations)(append);
    } catch (error) {
      noteFailure(journal, append, error);
      await delay(50);
    }
    if (random.chance(0.3)) await delay(random.between(1, 40));
  }
}

await serve<Order>(
  () => {
    stopped = true;
  },
  async () => {
    await Promise.all(Array.from({ length: task.concurrency }, work));
  },
);
