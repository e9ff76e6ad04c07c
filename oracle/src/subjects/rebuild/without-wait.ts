import { withClient } from '../../faults/every-subject.ts';

/** What keeps a copy from serving before it has everything that the serving tables have. */
const CONDITIONS = [
  /if not built\.caught_up then return .*?; end if;/s,
  /if built\.position < coalesce\(inline_top, live\.position\) then\s+return .*?;\s+end if;/s,
];

/** The control of this subject: a copy may serve at any time. */
export async function switchUnfinished(connectionString: string): Promise<void> {
  await withClient(connectionString, async (client) => {
    const { rows } = await client.query<{ text: string }>(
      `select pg_get_functiondef(oid) as text from pg_proc
        where pronamespace = 'leftfold'::regnamespace and proname = '_switch_copy'`,
    );
    let text = rows[0]?.text ?? '';
    for (const condition of CONDITIONS) {
      if (!condition.test(text)) throw new Error(`_switch_copy has no condition ${String(condition)}`);
      text = text.replace(condition, '');
    }
    await client.query(text);
  });
}

/** Lets the copy that is being built serve as it is. @returns whether there was one */
export function switchNow(connectionString: string): Promise<boolean> {
  return withClient(connectionString, async (client) => {
    // Otherwise queries would wait for what serves then.
    await client.query(
      `update leftfold.subscriptions set caught_up_at = clock_timestamp() where name like '%+copy'`,
    );
    const { rows } = await client.query<{ refusal: string | null }>(
      `select leftfold._switch_copy(copy.name, copy.version, copy.rebuild_id, serving.definition_hash, null, 1, null) as refusal
         from leftfold.projection_copies as copy
         join leftfold.subscriptions as serving
           on serving.name = copy.name and serving.version = copy.version and serving.slice = 0
        where copy.state = 'building' and not serving.inline`,
    );
    return rows.some(({ refusal }) => refusal === null);
  });
}
