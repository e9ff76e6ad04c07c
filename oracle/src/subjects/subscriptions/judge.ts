import type { Violation } from '../../subject.ts';
import { foldRows, type Reader, readers } from './expected.ts';
import type { Fact, GivenUp, Recorded, StoredRow } from './recorded.ts';

type Skips = (key: string, position: number) => boolean;

/**
 * Compares read models, effects and commands with a replay of the log, when nothing is left to be done.
 *
 * @param running versions that are run to the end; of others, what is at or below their checkpoints is compared
 * @param acknowledged ids of the events of commands that were accepted
 */
export function judge(recorded: Recorded, acknowledged: readonly string[]): readonly Violation[] {
  const of = (kind: string, texts: readonly string[]) => texts.map((text) => ({ kind, text }));
  return [
    ...of('append', judgeAppends(recorded, acknowledged)),
    ...of('parking', judgeGivenUp(recorded)),
    ...of(
      'row',
      [...recorded.tables.keys()].flatMap((table) => judgeTable(recorded, table)),
    ),
    ...of('effect', judgeEffects(recorded)),
    ...of('command', judgeCommands(recorded)),
  ];
}

function judgeAppends({ facts }: Recorded, acknowledged: readonly string[]): string[] {
  const ids = new Set(facts.map(({ id }) => id));
  return acknowledged
    .filter((id) => !ids.has(id))
    .map((id) => `event ${id}: was acknowledged, and is not in the log`);
}

/** What was given up was in the log, and of that key. */
function judgeGivenUp({ facts, givenUp }: Recorded): string[] {
  const byPosition = new Map(facts.map((fact) => [fact.position, fact]));
  return givenUp.flatMap(({ name, key, positions }) => {
    const reader = readers.find((one) => one.name === name);
    return positions
      .filter((position) => {
        const fact = byPosition.get(position);
        return fact === undefined || !reader?.keysOf(fact).includes(key);
      })
      .map((position) => `${name}, key ${key}: gave up position ${position}, where it has no event`);
  });
}

/** Each row is the fold of its events, up to where the subscription came. */
function judgeTable({ facts, slices, givenUp, tables }: Recorded, table: string): string[] {
  const [name = '', version = ''] = table.split(' ');
  const reader = readers.find((one) => one.name === name);
  const own = slices.filter((slice) => slice.name === name && slice.version === Number(version));
  if (reader === undefined || own.length === 0) return [`${table}: has a table and no checkpoint`];
  const upTo = own.some(({ inline }) => inline)
    ? Number.POSITIVE_INFINITY
    : Math.min(...own.map(({ position }) => position));
  const read = facts.filter(({ position }) => position <= upTo);
  const skips = skipsOf(givenUp, name, (given) => given === Number(version));
  const expected = foldRows(reader, Number(version), read, skips);
  const found = new Map((tables.get(table) ?? []).map((row) => [row.id, row]));
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((key) => toText(expected.get(key)) !== toText(found.get(key)))
    .map(
      (key) =>
        `${table}, key ${key}: expected ${toText(expected.get(key))}, found ${toText(found.get(key))}` +
        `${describeLast(reader, read, key)}`,
    );
}

function toText(row: StoredRow | undefined): string {
  return row === undefined ? 'no row' : `${row.count} events, sum ${row.sum}, chain ${row.chain}`;
}

function describeLast({ keysOf }: Reader, facts: readonly Fact[], key: string): string {
  const last = facts.findLast((fact) => keysOf(fact).includes(key));
  return last === undefined ? '' : `; its last event is at position ${last.position}`;
}

/**
 * Each event at least once, and none before an earlier one of its key. It may be repeated at any time: by a process that
 * was paused in a handler, for example.
 */
function judgeEffects({ facts, effects, givenUp }: Recorded): string[] {
  return readers
    .filter(({ writes }) => writes === 'effects')
    .flatMap(({ name, keysOf }) => {
      const skips = skipsOf(givenUp, name, () => true);
      const expected = byKey(facts, keysOf, skips);
      const seen = new Map<string, number>();
      const violations: string[] = [];
      for (const { reaction, key, position } of effects) {
        if (reaction !== name || skips(key, position)) continue;
        const positions = expected.get(key) ?? [];
        const place = positions.indexOf(position);
        const next = seen.get(key) ?? 0;
        if (place === -1)
          violations.push(`${name}, key ${key}: an effect for position ${position}, where it has no event`);
        if (place > next)
          violations.push(
            `${name}, key ${key}: the effect of position ${position} came before that of ${positions[next]}`,
          );
        if (place >= next) seen.set(key, place + 1);
      }
      for (const [key, positions] of expected) {
        const missing = positions.slice(seen.get(key) ?? 0);
        if (missing.length > 0)
          violations.push(
            `${name}, key ${key}: expected ${positions.length} effects, ${missing.length} are missing, the first one at position ${missing[0]}`,
          );
      }
      return violations;
    });
}

/** Each event led to one command, in the order of its key. */
function judgeCommands({ facts }: Recorded): string[] {
  const { keysOf } = readers.find(({ writes }) => writes === 'commands')!;
  const expected = new Map<string, string[]>();
  for (const fact of facts) for (const key of keysOf(fact)) listOf(expected, key).push(fact.id);
  const found = new Map<string, string[]>();
  for (const { type, streamId, data } of facts)
    if (type === 'tally.counted') listOf(found, streamId.slice('tally-'.length)).push(data.source ?? '');
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((key) => {
    const wanted = expected.get(key) ?? [];
    const executed = found.get(key) ?? [];
    if (wanted.join() === executed.join()) return [];
    const longer = wanted.length > executed.length ? wanted : executed;
    const at = longer.findIndex((_id, index) => executed[index] !== wanted[index]);
    const repeated = executed.length - new Set(executed).size;
    return [
      `tallies, key ${key}: expected ${wanted.length} commands, found ${executed.length}, ${repeated} repeated; ` +
        `command ${at + 1} is of event ${executed[at] ?? 'none'}, not ${wanted[at] ?? 'none'}`,
    ];
  });
}

function byKey(
  facts: readonly Fact[],
  keysOf: Reader['keysOf'],
  skips: Skips,
): ReadonlyMap<string, readonly number[]> {
  const positions = new Map<string, number[]>();
  for (const fact of facts)
    for (const key of keysOf(fact))
      if (!skips(key, fact.position)) listOf(positions, key).push(fact.position);
  return positions;
}

function listOf<TItem>(lists: Map<string, TItem[]>, key: string): TItem[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function skipsOf(givenUp: readonly GivenUp[], name: string, isVersion: (version: number) => boolean): Skips {
  const places = new Set(
    givenUp
      .filter((one) => one.name === name && isVersion(one.version))
      .flatMap(({ key, positions }) => positions.map((position) => `${position} ${key}`)),
  );
  return (key, position) => places.has(`${position} ${key}`);
}
