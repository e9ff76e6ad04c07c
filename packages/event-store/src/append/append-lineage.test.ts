import type { AppendRequest } from '@leftfold/core/append';
import type { StatementRunner } from '@leftfold/postgres';
import { expect, test } from 'vitest';
import { LogMemory } from '../lineage/log-memory.ts';
import { sendInEra } from './append-lineage.ts';

test('what an old server has acknowledged after the lineage changed is looked for in the new one', async () => {
  const answers = [
    { lineage: 'old', end: '10', lost_from: null },
    { lineage: 'new', end: '10', lost_from: null },
    { lineage: 'new', end: '10', lost_from: '11' },
  ];
  const rewound: unknown[] = [];
  const memory = new LogMemory({
    run: (async () => [answers.shift()]) as unknown as StatementRunner,
    schema: 'leftfold',
    onRewound: (error) => rewound.push(error),
  });
  await memory.learn();
  const send = sendInEra(memory, async () => {
    // Meanwhile another request reaches the server that took over: it has all that is known so far.
    await memory.check();
    return [{ outcome: { kind: 'appended', positions: [11] } }] as never;
  });
  const request = { era: 0, streams: [{ events: [{ id: 'lost' }] }] } as unknown as AppendRequest;
  await send([request], undefined as never);
  expect(memory.era).toBe(1);
  expect(rewound).toHaveLength(1);
});
