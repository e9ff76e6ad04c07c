const statement = `
  insert into balances (account_id, cents, entries)
  select * from unnest($1::text[], $2::bigint[], $3::integer[])
  on conflict (account_id)
    do update set cents = balances.cents + excluded.cents, entries = balances.entries + excluded.entries`;

/** Adds many entries to the read model with one statement, for peers that pass batches to handlers. */
export async function upsertTotals(client, entries) {
  const totals = new Map();
  for (const { accountId, cents } of entries) {
    const total = totals.get(accountId) ?? { cents: 0, entries: 0 };
    total.cents += cents;
    total.entries += 1;
    totals.set(accountId, total);
  }
  const rows = [...totals.values()];
  await client.query(statement, [
    [...totals.keys()],
    rows.map(({ cents }) => cents),
    rows.map((row) => row.entries),
  ]);
}

export const upsertOne = `
  insert into balances (account_id, cents, entries) values ($1, $2, 1)
  on conflict (account_id) do update set cents = balances.cents + excluded.cents, entries = balances.entries + 1`;
