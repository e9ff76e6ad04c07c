import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Committed } from './committed.ts';
import { judge } from './judge.ts';
import type { Reading } from './reader.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oracle-judge-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const event = (position: number, more: Partial<Committed> = {}): Committed => ({
  position,
  streamId: 'ledger-1',
  streamVersion: position,
  id: `e${position}`,
  type: 'ledger.noted',
  tags: [],
  append: `a${position}`,
  index: 0,
  of: 1,
  expected: null,
  basedOn: null,
  excluded: null,
  ...more,
});
const log = [event(1), event(2, { streamId: 'audit-1', streamVersion: 1 }), event(3, { streamVersion: 2 })];

function journalOf(lines: readonly string[]): string {
  const path = join(folder, `${Math.random()}.journal`);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

const textsOf = (committed: readonly Committed[], told: readonly string[] = [], readings: Reading[] = []) =>
  judge(committed, [journalOf(told)], readings).violations.map(({ kind, text }) => `${kind}: ${text}`);
const reading = (lines: readonly string[], filter: Reading['filter'] = {}): Reading => ({
  name: 'all',
  kind: 'subscribe',
  filter,
  journal: journalOf(lines),
});

describe('a log', () => {
  test('without holes, as its writers were told and its readers saw, is right', () => {
    const told = ['ack a1 1:1', 'refused a4', 'undone a5', 'unknown a3', 'unknown a6'];
    const all = reading(['event 1 e1', 'token 1', 'event 2 e2', 'event 3 e3']);
    const audits = reading(['event 2 e2'], { category: 'audit' });
    const { violations, writers, handled } = judge(
      log,
      [journalOf(told)],
      [all, { ...audits, name: 'audits' }],
    );
    expect(violations).toEqual([]);
    expect(writers).toEqual({ acknowledged: 1, refused: 1, undone: 1, rewound: 0, unknown: 2 });
    expect([...handled]).toEqual([
      ['all', 3],
      ['audits', 1],
    ]);
  });

  test('with a hole in a stream, or a version that was not expected, is wrong', () => {
    expect(textsOf([event(1, { streamVersion: 2 })])).toEqual([
      'stream: position 1, ledger-1@2: follows version 0 of its stream',
    ]);
    expect(textsOf([event(1), event(2, { expected: 0 })])).toEqual([
      'stream: position 2, ledger-1@2: its append expected version 0, the stream was at 1',
    ]);
  });

  test('with an append that was decided on another event than it follows is wrong', () => {
    const after = (basedOn: string) => event(2, { expected: 1, basedOn });
    expect(textsOf([event(1), after('e1')])).toEqual([]);
    expect(textsOf([event(1), after('lost')])).toEqual([
      'stream: position 2, ledger-1@2: its append was decided on event lost of the stream, and follows event e1',
    ]);
  });

  test('with an event that a condition excluded is wrong', () => {
    const tagged = event(1, { tags: ['shard:1'] });
    const excluding = (after: number) => event(2, { excluded: { tag: 'shard:1', after } });
    expect(textsOf([tagged, excluding(1)])).toEqual([]);
    expect(textsOf([tagged, excluding(0)])).toEqual([
      'condition: append a2, position 2: excluded shard:1 after position 0, and there is one at 1',
    ]);
  });
});

describe('an append', () => {
  test('that was acknowledged and is missing, or refused and there, is wrong', () => {
    expect(textsOf(log, ['ack a9 9:1', 'refused a1'])).toEqual([
      'append: append a9: acknowledged at [9:1], in the log at []',
      'append: append a1: was refused, and is in the log',
    ]);
  });

  test('that was carried out twice or in part is wrong', () => {
    const twice = [event(1, { append: 'a' }), event(2, { append: 'a' })];
    expect(textsOf(twice)).toEqual(['append: append a: has the events [0,0] of 1 in the log']);
    expect(textsOf([event(1, { append: 'b', of: 2 })])).toEqual([
      'append: append b: has the events [0] of 2 in the log',
    ]);
  });
});

describe('a log that went back', () => {
  const lost = [{ restoredTo: 1, committed: [event(1), event(2, { append: 'gone' })] }];
  const textsAfter = (told: readonly string[], readings: readonly Reading[] = []) =>
    judge([event(1), event(3)], [journalOf(told)], readings, lost).violations.map(({ text }) => text);

  test('may lose an append after that moment, as a whole, and none before', () => {
    expect(textsAfter(['ack gone 2:2', 'ack a1 1:1', 'rewound a9'])).toEqual([
      'position 3, ledger-1@3: follows version 1 of its stream',
    ]);
    expect(textsAfter(['ack a0 1:1'])).toContainEqual('append a0: acknowledged at [1:1], in the log at []');
  });

  test('is read again from the last event that it still has', () => {
    const back = ['event 1 e1', 'event 2 e2', 'rewound 2', 'back 1', 'event 3 e3'];
    expect(textsAfter([], [reading(back)])).toHaveLength(1);
    expect(textsAfter([], [reading(['event 1 e1', 'event 2 e2', 'event 3 e3'])])).toHaveLength(2);
  });

  test('and never did is reported', () => {
    expect(textsOf(log, ['rewound a9'])).toEqual([
      'append: append a9: was refused by a log that never went back',
    ]);
    const told = reading(['event 1 e1', 'rewound 1', 'event 2 e2', 'event 3 e3']);
    expect(textsOf(log, [], [told])).toEqual([
      'reader: reader all: was told that the log went back, and it never did',
    ]);
  });
});

describe('a reader', () => {
  test.each([
    [
      'lost an event',
      ['event 1 e1', 'event 3 e3'],
      'handled 2 of 3 events, lost 1 (first at position 2 (e2)), repeated 0',
    ],
    [
      'got one twice',
      ['event 1 e1', 'event 1 e1', 'event 2 e2', 'event 3 e3'],
      'handled 4 of 3 events, lost 0',
    ],
    [
      'got two in the wrong order',
      ['event 2 e2', 'event 1 e1', 'event 3 e3'],
      'handled 3 of 3 events, lost 0',
    ],
    ['got an error', ['event 1 e1', 'event 2 e2', 'event 3 e3', 'bad 3 RangeError'], '3 RangeError'],
  ])('that %s is reported', (_, lines, text) => {
    expect(textsOf(log, [], [reading(lines)])).toEqual([
      expect.stringContaining(`reader: reader all: ${text}`),
    ]);
  });
});
