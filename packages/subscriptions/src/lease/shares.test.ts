import { describe, expect, test } from 'vitest';
import type { RunState, SliceState } from '../sql/leases.ts';
import { mapKeyOf } from '../subscription/subscription-key.ts';
import { shareOf } from './shares.ts';

const definitionHash = 'hash';

function slices(name: string, count: number, state: Partial<SliceState> = {}): SliceState[] {
  return Array.from({ length: count }, (_, slice) => ({
    name,
    version: 1,
    slice,
    epoch: 1,
    inline: false,
    paused: false,
    ownerPromotes: false,
    definitionHash,
    ...state,
  }));
}

function run(owner: string, name: string, more: Partial<RunState> = {}): RunState {
  return { name, version: 1, owner, definitionHash, release: owner, promotes: false, ...more };
}

/** Lets processes check their leases in turn, until nothing changes. @returns the slices of each, and how many moved */
function settle(
  board: { slices: SliceState[]; readonly runs: readonly RunState[] },
  owners: readonly string[],
) {
  let moves = 0;
  for (let round = 0; round < 20; round += 1) {
    for (const owner of owners) {
      const { take, leave } = shareOf(owner, board);
      const taken = new Set(take.map(mapKeyOf));
      const left = new Set(leave.map(mapKeyOf));
      moves += taken.size;
      board.slices = board.slices.map((one) => {
        const { owner: _before, ...free } = one;
        if (taken.has(mapKeyOf(one))) return { ...free, owner };
        return left.has(mapKeyOf(one)) ? free : one;
      });
    }
  }
  const held = (owner: string) => board.slices.filter((one) => one.owner === owner);
  return { held, counts: owners.map((owner) => held(owner).length), moves };
}

describe('the shares of processes', () => {
  test('differ by one at most, for any number of processes and slices', () => {
    for (const count of [1, 2, 3, 5, 8]) {
      for (const total of [1, 2, 7, 16, 33]) {
        const owners = Array.from({ length: count }, (_, index) => `process ${index}`);
        const runs = owners.map((owner) => run(owner, 'a'));
        const { counts } = settle({ slices: slices('a', total), runs }, owners);
        expect(counts.reduce((sum, one) => sum + one)).toBe(total);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(2);
      }
    }
  });

  test('spread the slices of each subscription', () => {
    const names = ['a', 'b', 'c', 'd'];
    const board = {
      slices: names.flatMap((name) => slices(name, 4)),
      runs: ['one', 'two'].flatMap((owner) => names.map((name) => run(owner, name))),
    };
    const { held } = settle(board, ['one', 'two']);
    for (const name of names)
      expect(
        held('one').filter((one) => one.name === name),
        name,
      ).toHaveLength(2);
  });

  test('stay with the process that has more of them', () => {
    const [first, second, third] = slices('a', 3);
    const held = [
      { ...first!, owner: 'one' },
      { ...second!, owner: 'two' },
      { ...third!, owner: 'two' },
    ];
    const board = { slices: held, runs: [run('one', 'a'), run('two', 'a')] };
    for (const owner of ['one', 'two']) expect(shareOf(owner, board), owner).toEqual({ take: [], leave: [] });
  });

  test('go first to subscriptions of which a process has few', () => {
    const [first, ...rest] = slices('a', 2);
    const board = {
      slices: [{ ...first!, owner: 'one' }, ...rest, ...slices('b', 2)],
      runs: ['one', 'two'].flatMap((owner) => [run(owner, 'a'), run(owner, 'b')]),
    };
    expect(shareOf('one', board).take).toMatchObject([{ name: 'b', slice: 0 }]);
  });

  test('change as little as they can when a process comes or goes', () => {
    const runs = (owners: readonly string[]) => owners.map((owner) => run(owner, 'a'));
    const board = { slices: slices('a', 12), runs: runs(['one', 'two']) };
    settle(board, ['one', 'two']);
    const three = { slices: board.slices, runs: runs(['one', 'two', 'three']) };
    expect(settle(three, ['one', 'two', 'three'])).toMatchObject({ counts: [4, 4, 4], moves: 4 });
    const gone = three.slices.map((one) => (one.owner === 'three' ? slices('a', 12)[one.slice]! : one));
    expect(settle({ slices: gone, runs: runs(['one', 'two']) }, ['one', 'two'])).toMatchObject({
      counts: [6, 6],
      moves: 4,
    });
    expect(settle(board, ['one', 'two']).moves).toBe(0);
  });

  test('are of what a process can run: its definition and release, not stopped for it, not given up just now', () => {
    const runs = [run('one', 'a'), run('two', 'a', { definitionHash: 'other' })];
    expect(settle({ slices: slices('a', 4), runs }, ['one', 'two']).counts).toEqual([4, 0]);
    const both = [run('one', 'a'), run('two', 'a')];
    const failed = { slices: slices('a', 4, { failedReleases: ['one'] }), runs: both };
    expect(settle(failed, ['one', 'two']).counts).toEqual([0, 4]);
    const ofOneRelease = { slices: slices('a', 4, { forRelease: 'two' }), runs: both };
    expect(settle(ofOneRelease, ['one', 'two']).counts).toEqual([0, 4]);
    const avoided = { slices: slices('a', 4, { avoided: 'two' }), runs: both };
    expect(settle(avoided, ['one', 'two']).counts).toEqual([4, 0]);
  });

  test('go to those that make a subscription inline, at once, unless it may not be made so', () => {
    const runs = [run('one', 'a'), run('two', 'a', { promotes: true })];
    const held = slices('a', 1, { owner: 'one' });
    expect(shareOf('two', { slices: held, runs }).take).toHaveLength(1);
    expect(shareOf('one', { slices: held, runs }).leave).toHaveLength(1);
    const demoted = slices('a', 1, { owner: 'one', inlineAfter: 1 });
    expect(shareOf('two', { slices: demoted, runs })).toEqual({ take: [], leave: [] });
    const both = slices('a', 2, { inlineAfter: 1 });
    expect(settle({ slices: both, runs }, ['one', 'two']).counts).toEqual([1, 1]);
    const inline = { slices: slices('a', 1, { inline: true }), runs };
    for (const owner of ['one', 'two'])
      expect(shareOf(owner, inline), owner).toEqual({ take: [], leave: [] });
  });

  test('are not taken from another one that makes the subscription inline', () => {
    const runs = ['one', 'two'].map((owner) => run(owner, 'a', { promotes: true }));
    const held = slices('a', 2, { owner: 'one', ownerPromotes: true });
    expect(shareOf('two', { slices: held, runs }).take).toEqual([]);
    expect(shareOf('one', { slices: held, runs }).leave).toHaveLength(1);
  });

  test('are kept by a process that no other can take over from', () => {
    const held = slices('a', 1, { owner: 'one', avoided: 'one' });
    expect(shareOf('one', { slices: held, runs: [run('one', 'a')] })).toEqual({ take: [], leave: [] });
  });
});
