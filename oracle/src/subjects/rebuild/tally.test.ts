import { expect, test } from 'vitest';
import { describeCommands, type Done, linesSince, tallyOf } from './tally.ts';

const line = (name: string, kind: string, text = ''): Done => ({ name, kind, text });

test('the lines of each process count from where its journal was', () => {
  const before = [line('a', 'started'), line('a', 'done', 'write 9'), line('b', 'started')];
  const more = [
    line('a', 'done', 'write 4'),
    line('a', 'done', 'read 1'),
    line('a', 'outage', 'write down'),
    line('b', 'done', 'write 2'),
    line('b', 'done', 'whole 1'),
    line('b', 'crowded', 'write'),
  ];
  const ofProcess = (lines: readonly Done[], name: string) => lines.filter((one) => one.name === name);
  const now = ['a', 'b'].flatMap((name) => [...ofProcess(before, name), ...ofProcess(more, name)]);
  const tally = tallyOf(linesSince(before, now));
  expect(tally).toEqual({ commandMs: [2, 4], queries: 2, crowded: 1, failed: 1 });
  expect(describeCommands(tally, 2)).toBe(
    '1 commands a second were executed, p50 · p99 in 2 · 4 ms, and 1 were not begun since too many were under way',
  );
});
