import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startPostgres } from '@leftfold/embedded';
import { until } from '@leftfold/testing/postgres';
import { ask } from './ask.ts';

/** A primary and its standby, which follows it by streaming replication. */
export interface ReplicatedServer extends AsyncDisposable {
  readonly primary: EmbeddedPostgres;
  readonly standby: EmbeddedPostgres;
  /** From now on commits of the primary wait until the standby has them on its disk. */
  synchronize(): Promise<void>;
  /** The standby gets nothing more. */
  stopReceiver(): Promise<void>;
  /** Stops the primary and makes the standby a primary. */
  failOver(): Promise<void>;
}

/** @param prepare brings the primary to the state that both begin with */
export async function startReplicated(
  prepare: (connectionString: string) => Promise<unknown>,
): Promise<ReplicatedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-replicated-'));
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const original = await startPostgres({ directory: first });
  await prepare(original.connectionString);
  await original.stop();
  execFileSync('cp', ['-a', first, second]); // the owner as well
  writeFileSync(join(second, 'data', 'standby.signal'), '');

  const primary = await startPostgres({ directory: first });
  const { superuserConnectionString: onPrimary } = primary;
  const { hostname, port, username, password } = new URL(onPrimary);
  const follows = `host=${hostname} port=${port} user=${username} password=${password}`;
  const standby = await startPostgres({ directory: second, settings: { primary_conninfo: follows } });
  const { superuserConnectionString: onStandby } = standby;
  const streams = (wanted: boolean) =>
    until(
      async () => {
        const rows = await ask(onStandby, "select from pg_stat_wal_receiver where status = 'streaming'");
        return rows.length > 0 === wanted;
      },
      { message: `the standby ${wanted ? 'follows' : 'does not follow'} the primary` },
    );
  await streams(true);
  return {
    primary,
    standby,
    synchronize: async () => {
      await ask(onPrimary, "alter system set synchronous_standby_names = '*'");
      await ask(onPrimary, 'select pg_reload_conf()');
      await until(
        async () =>
          (await ask(onPrimary, "select from pg_stat_replication where sync_state = 'sync'")).length > 0,
        { message: 'commits wait for the standby' },
      );
    },
    stopReceiver: async () => {
      await ask(onStandby, "alter system set primary_conninfo = ''");
      await ask(onStandby, 'select pg_reload_conf()');
      await streams(false);
    },
    failOver: async () => {
      await primary.stop();
      await ask(onStandby, 'select pg_promote()');
    },
    [Symbol.asyncDispose]: async () => {
      await primary.stop();
      await standby.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
