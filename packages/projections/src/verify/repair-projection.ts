import { type AnyProjection, RepairRefusedError } from '@leftfold/core';
import { columnsOf } from '@leftfold/core/column';
import { fenceLeases } from '@leftfold/subscriptions';
import { holdServing } from '../replay/hold-serving.ts';
import type { ReplayOptions } from '../replay/replay.ts';
import { readUnlike, type Unlike } from '../sql/given-up.ts';
import { replaceRows } from '../sql/replace-rows.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import type { Verification, VerifyOptions } from './verification.ts';
import { verifyProjection } from './verify-projection.ts';

/** Rows that are replaced at most: batches or appends wait for it. */
const MAX_ROWS = 10_000;

/** What a repair did. */
export interface Repair {
  /** Rows that were changed, inserted or deleted. */
  readonly repaired: number;
  /** Where: everything up to it is applied to these rows. Undefined when nothing was wrong. */
  readonly position: number | undefined;
  /** What was wrong before. */
  readonly verification: Verification;
  /** What was done, in words, without keys and values. */
  readonly message: string;
}

/** @throws see `repair` of `ProjectionAudit` */
export async function repairProjection(
  context: ReplayOptions,
  projection: AnyProjection,
  options: VerifyOptions,
): Promise<Repair> {
  const { store } = context;
  const keys = new Map<string, (readonly string[])[]>();
  let count = 0;
  const onRow = (table: string, key: readonly string[]) => {
    count += 1;
    if (count > MAX_ROWS) return;
    const ofTable = keys.get(table);
    if (ofTable === undefined) keys.set(table, [key]);
    else ofTable.push(key);
  };
  await using verified = await verifyProjection(context, projection, { ...options, onRow });
  const { verification, replay } = verified;
  if (verification.equal)
    return { repaired: 0, position: undefined, verification, message: verification.message };
  if (verification.betweenReplays?.equal === false)
    throw new RepairRefusedError(projection, verification.message);
  const { missing, extra, different } = verification;
  if (missing + extra + different > MAX_ROWS)
    throw new RepairRefusedError(
      projection,
      `more than ${MAX_ROWS} rows are wrong; build all of them anew with rebuild(), or with reset(), during which queries wait`,
    );
  const serving = projectionSchema(store.schema, projection);
  const position = await holdServing(
    store,
    projection,
    replay,
    async ({ tx, connection, inline, positions }) => {
      assertAlike(projection, await readUnlike(connection, projection, replay.ref));
      // The process that has the lease keeps rows in memory: it begins anew, with those of the tables.
      if (!inline) await fenceLeases(connection, projection);
      for (const definition of projection.tables) {
        const { name: table } = definition;
        const wrong = keys.get(table);
        if (wrong === undefined) continue;
        const layout = columnsOf(projection.name, definition);
        const target = { schema: serving, table };
        await replaceRows(tx, { target, source: { schema: replay.schema, table }, layout, keys: wrong });
      }
      return Math.min(...positions);
    },
    { signal: options.signal },
  );
  const { name, version } = projection;
  const message = `${count} rows of projection "${name}" version ${version} were replaced, at position ${position}`;
  return { repaired: count, position, verification, message };
}

/**
 * A row of the replay has all events of its key, or those before one that this process cannot apply. What serves would apply
 * again what it has set aside, or would lack what it has applied.
 *
 * @throws RepairRefusedError
 */
function assertAlike(
  projection: AnyProjection,
  { parked, replay_parked: count, given_up: givenUp }: Unlike,
): void {
  if (parked !== null)
    throw new RepairRefusedError(
      projection,
      `keys of it are parked, such as "${parked}": resume them or give them up, then repair again`,
    );
  if (count > 0)
    throw new RepairRefusedError(
      projection,
      'this process cannot apply events that what serves has applied: mend the handler, or repair in a process of the release that applied them',
    );
  if (givenUp) throw new RepairRefusedError(projection, 'events were given up meanwhile: repair again');
}
