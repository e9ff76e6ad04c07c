import type { RebuildStatus } from 'leftfold';
import type { RestartedProcess } from '../../process/restarted-process.ts';
import type { projections } from './ledger.ts';
import type { Operator } from './operator.ts';

/** Parts of the log after which the process that builds is killed. */
const KILLS_AT = [1 / 3, 2 / 3];

/**
 * Rebuilds a projection from the beginning of the log while nothing else disturbs it: the process that builds is killed
 * twice, then the tables that served before serve again, then the new ones.
 *
 * @returns how many processes were killed; fewer than two when the log is so short that it was built in between
 */
export async function lastRebuild(
  operator: Operator,
  projection: (typeof projections)[number],
  { processes, signal }: { processes: readonly RestartedProcess[]; signal: AbortSignal },
): Promise<number> {
  await operator.projections.dropRebuild(projection).catch(() => {}); // what the faults have left
  const kills = [...KILLS_AT];
  const killed: Promise<boolean>[] = [];
  const onProgress = ({ state, done, total, owners: [owner] }: RebuildStatus) => {
    const builder = processes.find(({ name }) => owner?.startsWith(`${name}.`));
    if (builder === undefined || state !== 'building' || done < (kills[0] ?? 1) * total) return;
    kills.shift();
    killed.push(builder.kill());
  };
  await operator.projections.rebuild(projection, { onProgress, signal });
  await Promise.all(killed);
  for (const _ of ['back', 'forward']) await operator.projections.rollback(projection, { signal });
  return killed.length;
}
