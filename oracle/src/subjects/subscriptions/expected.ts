import type { Fact, StoredRow } from './recorded.ts';

/** What a projection or a reaction reads, written anew from what its definition means. */
export interface Reader {
  readonly name: string;
  readonly writes: 'rows' | 'effects' | 'commands';
  /** The keys whose order an event belongs to. */
  readonly keysOf: (fact: Fact) => readonly string[];
}

const byItem = ({ streamId }: Fact) => [streamId];
const byGroup = ({ data }: Fact) => [data.group ?? ''];
const only =
  (type: string, keysOf: (fact: Fact) => readonly string[]) =>
  (fact: Fact): readonly string[] =>
    fact.type === type ? keysOf(fact) : [];
const ofItems = (fact: Fact) => (fact.type.startsWith('item.') ? byItem(fact) : []);
const ofAdded = (keysOf: (fact: Fact) => readonly string[]) => only('item.added', keysOf);

export const readers: readonly Reader[] = [
  { name: 'totals', writes: 'rows', keysOf: ofItems },
  { name: 'live', writes: 'rows', keysOf: ofItems },
  { name: 'groups', writes: 'rows', keysOf: ofAdded(byGroup) },
  { name: 'cards', writes: 'rows', keysOf: ofItems },
  { name: 'pairs', writes: 'rows', keysOf: ofAdded((fact) => [...byGroup(fact), ...byItem(fact)]) },
  { name: 'counters', writes: 'rows', keysOf: ofAdded(byGroup) },
  { name: 'ledger', writes: 'rows', keysOf: only('item.touched', byItem) },
  { name: 'notices', writes: 'effects', keysOf: ofAdded(byItem) },
  { name: 'tallies', writes: 'commands', keysOf: ofAdded(byGroup) },
];

/** @param skips events that were given up for a key */
export function foldRows(
  { name, keysOf }: Reader,
  version: number,
  facts: readonly Fact[],
  skips: (key: string, position: number) => boolean,
): ReadonlyMap<string, StoredRow> {
  const factor = BigInt(name === 'totals' ? 30 + version : 31);
  const rows = new Map<string, StoredRow>();
  for (const fact of facts) {
    for (const key of keysOf(fact)) {
      if (skips(key, fact.position)) continue;
      const { count, sum, chain } = rows.get(key) ?? { count: 0, sum: 0, chain: 0 };
      const { amount = 0 } = fact.data;
      const next = Number((BigInt(chain) * factor + BigInt(amount)) % 1_000_003n);
      rows.set(key, { id: key, count: count + 1, sum: sum + amount, chain: next });
    }
  }
  return rows;
}
