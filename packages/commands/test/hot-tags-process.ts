import { createEventStore } from '@leftfold/event-store';
import { courseEvents } from '@leftfold/testbed/courses';
import { createCommandExecutor } from '../src/index.ts';
import { mark } from './hot-tags.ts';

// Decides over hot tags in a process of its own. Each line on its standard output is one fact.
const [connectionString = '', what = '', writers = '1', each = '1'] = process.argv.slice(2);
await using store = createEventStore({ connectionString, events: [courseEvents] });
const say = (fact: string) => process.stdout.write(`${fact}\n`);

/** Of five hot courses the writer's own one comes first, so that no two writers ask in the same order. */
const coursesOf = (writer: number) => Array.from({ length: 5 }, (_, index) => `hot-${(writer + index) % 5}`);

if (what === 'decide') {
  // Without a lock two attempts are too few.
  await using executor = createCommandExecutor({
    store,
    aggregates: [],
    decisions: [mark],
    retry: { attempts: 2 },
  });
  say('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const results = await Promise.allSettled(
    Array.from({ length: Number(writers) }, async (_, writer) => {
      for (let count = 0; count < Number(each); count += 1)
        await executor.execute(mark.command({ courses: coursesOf(process.pid + writer) }));
    }),
  );
  for (const result of results)
    say(result.status === 'fulfilled' ? 'done' : String((result.reason as { code?: string }).code));
} else {
  const events = [courseEvents.create.subscribed({ courseId: 'hot-0', studentId: 'late' })];
  const { condition, era } = await store.readForDecision({ tags: ['course:hot-0'] });
  await using lock = await store.lockForAppend([{ streamId: 'course-hot-0', events }], { condition, era });
  await lock.readForDecision({ tags: ['course:hot-0'] });
  say('locked');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const late = await lock.append('course-hot-0', events, { condition, era }).then(
    () => 'appended',
    (error: { code?: string }) => String(error.code),
  );
  say(late);
}
process.exitCode = 0;
process.stdin.destroy();
