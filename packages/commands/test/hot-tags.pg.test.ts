import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EventStore } from '@leftfold/core';
import { courseEvents, plan, subscribe } from '@leftfold/testbed/courses';
import { killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createCommandExecutor } from '../src/index.ts';
import { openBank, recordedOf, test } from './bank-test.ts';
import { mark } from './hot-tags.ts';
import { WatchedStore } from './watched-store.ts';

const script = fileURLToPath(new URL('./hot-tags-process.ts', import.meta.url));

/** A process of its own, and what it says, line by line. */
function start(...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [...typescriptFlags, script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  return {
    child,
    goOn: () => child.stdin!.write('go\n'),
    next: async () => ((await lines.next()) as { value?: string }).value,
    [Symbol.asyncDispose]: () => killProcess(child),
  };
}

function openMarking(store: EventStore) {
  return createCommandExecutor({ store, aggregates: [], decisions: [mark] as const });
}

const of = (courseId: string, studentId: string) => subscribe.command({ courseId, studentId });

describe('a decision that another writer refuses', () => {
  test('waits for its turn and decides on what came before', async ({ bank, store, otherStore, appUrl }) => {
    guarantee('locked-decisions');
    await bank.execute(plan.command({ courseId: 'turns', seats: 2 }));
    const watched = new WatchedStore(store);
    const first = openBank(watched);
    await first.execute(of('turns', 'a'));
    // The last student had a course: the next one is not taken for one without, and is read.
    await bank.execute(plan.command({ courseId: 'turns-2', seats: 2 }));
    await first.execute(of('turns-2', 'a'));
    // The other writer has the last seat, and keeps its locks until the first one waits for them.
    const queries = { tags: ['course:turns'] };
    const { condition, era } = await otherStore.readForDecision(queries);
    const events = [courseEvents.create.subscribed({ courseId: 'turns', studentId: 'b' })];
    await using lock = await otherStore.lockForAppend([{ streamId: 'course-turns', events }], {
      condition,
      era,
    });
    await lock.readForDecision(queries);
    const refused = first.execute(of('turns', 'c'));
    await untilBlocked(appUrl);
    await lock.append('course-turns', events, { condition, era });
    expect(await refused).toMatchObject({ outcome: 'rejected', reason: 'course-full', attempts: 2 });
    expect(watched.calls.slice(-3)).toEqual(['readForDecision', 'append', 'lockForAppend']);
    expect(await recordedOf(store, 'course-turns')).toHaveLength(3);
  });

  test('makes the next one begin with its turn, until no other writer comes in between', async ({
    store,
    otherStore,
  }) => {
    const watched = new WatchedStore(store);
    const here = openMarking(watched);
    const there = openMarking(otherStore);
    const lately = mark.command({ courses: ['lately'] });
    const callsOfNext = async () => {
      const before = watched.calls.length;
      expect(await here.execute(lately)).toMatchObject({ outcome: 'accepted', attempts: 1 });
      return watched.calls.slice(before);
    };
    expect(await callsOfNext()).toEqual(['readForDecision', 'append']);
    await there.execute(lately);
    expect(await callsOfNext()).toEqual(['append', 'lockForAppend']);
    await there.execute(lately);
    expect(await callsOfNext()).toEqual(['lockForAppend']);
    expect(await callsOfNext()).toEqual(['lockForAppend']);
    expect(await callsOfNext()).toEqual(['append']);
  });
});

test('18 writers in six processes each get through, on five tags that all of them read', {
  timeout: 120_000,
}, async ({ store, appUrl, onTestFinished }) => {
  guarantee('locked-decisions');
  const each = 5;
  const processes = Array.from({ length: 6 }, () => start(appUrl, 'decide', '3', `${each}`));
  onTestFinished(async () => {
    for (const { child } of processes) await killProcess(child);
  });
  for (const one of processes) expect(await one.next()).toBe('ready');
  for (const one of processes) one.goOn();
  for (const one of processes)
    expect([await one.next(), await one.next(), await one.next()]).toEqual(['done', 'done', 'done']);
  const { events } = await store.readForDecision({ tags: ['course:hot-0'] });
  const counts: unknown[] = [];
  for await (const event of events) if (event.type === 'course.subscribed') counts.push(event.data.studentId);
  // Each was decided on all before it.
  expect(counts).toEqual(Array.from({ length: 18 * each }, (_, n) => Array(5).fill(n).join('-')));
});

describe('a process that stops in its turn', () => {
  test.for(['SIGSTOP', 'SIGKILL'] as const)(
    'by %s holds up others for seconds, and appends nothing wrong',
    { timeout: 120_000 },
    async (signal, { store, appUrl }) => {
      guarantee('locked-decisions');
      await using stopped = start(appUrl, 'lock');
      expect(await stopped.next()).toBe('locked');
      stopped.child.kill(signal);
      await using executor = openMarking(store);
      const courses = ['hot-0', `after-${signal}`];
      expect(await executor.execute(mark.command({ courses }))).toMatchObject({ outcome: 'accepted' });
      if (signal === 'SIGKILL') return;
      stopped.child.kill('SIGCONT');
      stopped.goOn();
      expect(await stopped.next()).toBe('APPEND_CONDITION_FAILED');
      await once(stopped.child, 'exit');
    },
  );
});
