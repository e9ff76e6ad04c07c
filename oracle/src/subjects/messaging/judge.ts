import type { Violation } from '../../subject.ts';
import type { Effect, Fact, Recorded } from './recorded.ts';

/** Compares effects with the log, when nothing is left to be done: each event has one, in the order of its key. */
export function judge({ facts, effects, blocked, stopped }: Recorded): readonly Violation[] {
  const of = (kind: string, texts: readonly string[]) => texts.map((text) => ({ kind, text }));
  const factsOf = byKey(facts);
  const effectsOf = byKey(effects);
  const keys = [...new Set([...factsOf.keys(), ...effectsOf.keys()])];
  const each = (judgeKey: JudgeKey) =>
    keys.flatMap((key) => judgeKey(key, factsOf.get(key) ?? [], effectsOf.get(key) ?? []));
  return [
    ...of('loss', each(findLost)),
    ...of('duplicate', each(findRepeated)),
    ...of('order', each(findDisorder)),
    ...of('stranger', each(findStrangers)),
    ...of(
      'parked',
      blocked.map(({ by, key, reason }) => `${by}, key ${key}: is set aside: ${reason}`),
    ),
    ...of(
      'stopped',
      stopped.map((text) => `the relay is stopped, ${text}`),
    ),
  ];
}

function byKey<TItem extends { readonly key: string }>(
  items: readonly TItem[],
): ReadonlyMap<string, TItem[]> {
  const lists = new Map<string, TItem[]>();
  for (const item of items) {
    const list = lists.get(item.key);
    if (list === undefined) lists.set(item.key, [item]);
    else list.push(item);
  }
  return lists;
}

type JudgeKey = (key: string, facts: readonly Fact[], effects: readonly Effect[]) => readonly string[];

const findLost: JudgeKey = (key, facts, effects) => {
  const had = new Set(effects.map(({ id }) => id));
  const lost = facts.filter(({ id }) => !had.has(id));
  if (lost.length === 0) return [];
  return [
    `key ${key}: ${lost.length} of ${facts.length} events have no effect, the first one at ${lost[0]!.position}`,
  ];
};

const findRepeated: JudgeKey = (key, _facts, effects) => {
  const firsts = new Set(firstOfEach(effects));
  const repeated = effects.filter((effect) => !firsts.has(effect));
  if (repeated.length === 0) return [];
  return [
    `key ${key}: ${repeated.length} effects are repeated, the first one that of ${repeated[0]!.position}`,
  ];
};

/** By the first effect of each message: a repeated one is a violation of its own. */
const findDisorder: JudgeKey = (key, _facts, effects) =>
  firstOfEach(effects)
    .filter(({ position }, place, firsts) => place > 0 && position < firsts[place - 1]!.position)
    .map(({ position }) => `key ${key}: the effect of ${position} came after that of a later event`);

function firstOfEach(effects: readonly Effect[]): readonly Effect[] {
  const seen = new Set<string>();
  return effects.filter(({ id }) => seen.size < seen.add(id).size);
}

const findStrangers: JudgeKey = (key, facts, effects) => {
  const idOf = new Map(facts.map(({ position, id }) => [position, id]));
  return effects
    .filter(({ position, id }) => idOf.get(position) !== id)
    .map(({ position, id }) => `key ${key}: an effect of ${id} at ${position}, which the log has not`);
};
