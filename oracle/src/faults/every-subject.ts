import type { EmbeddedPostgres } from '@leftfold/embedded';
import { crashServer, killBackends, restartServer, type TcpProxy } from '@leftfold/testbed/faults';
import pg from 'pg';
import type { RestartedProcess } from '../process/restarted-process.ts';
import type { Fault, FaultRun } from './fault.ts';

export interface Breakable {
  readonly server: EmbeddedPostgres;
  /** Of the subject's database on it. */
  readonly connectionString: string;
  readonly proxy: TcpProxy;
  readonly processes: readonly RestartedProcess[];
  readonly seconds: number;
}

/** What breaks below any subject: sessions, processes, the network, the server. */
export function faultsOfEverySubject({
  server,
  connectionString,
  proxy,
  processes,
  seconds,
}: Breakable): readonly Fault[] {
  return [
    killedBackends('backends', connectionString),
    {
      counted: 'processes killed',
      everyMs: [1_500, 5_000],
      inject: ({ random }) => random.pick(processes).kill(),
    },
    {
      counted: 'processes paused',
      everyMs: [700, 3_000],
      inject: (during) => pauseOne(processes, [50, 1_200], during),
    },
    {
      // Beyond every limit that a process has: the poll of the log (1 s), the wait for a connection (10 s).
      counted: 'processes paused for more than 10 s',
      everyMs: [15_000, 40_000],
      inject: (during) => pauseOne(processes, [11_000, 14_000], during),
    },
    ...faultsOfNetwork('the network', [proxy]),
    {
      counted: 'unrelated transactions held open',
      everyMs: [0, 100],
      inject: (during) => holdUnrelatedTransaction(connectionString, during),
    },
    {
      counted: 'crashes of the server',
      // In the middle of a short run, about once a minute in a long one.
      everyMs: [Math.min(seconds, 90) * 400, Math.min(seconds, 90) * 550],
      isShare: true,
      inject: () => crashServer(server).then(() => true),
    },
    {
      counted: 'restarts of the server',
      everyMs: [60_000, 120_000],
      inject: () => restartServer(server).then(() => true),
    },
  ];
}

/** Ends sessions of Leftfold on a database, one at a time. */
export function killedBackends(what: string, connectionString: string): Fault {
  return {
    counted: `${what} killed`,
    everyMs: [60, 500],
    inject: () =>
      withClient(connectionString, async (client) => {
        const one = `pid = (select pid from pg_stat_activity
                             where application_name like 'leftfold%' order by random() limit 1)`;
        return (await killBackends(client, one)) > 0;
      }),
  };
}

/** What breaks between processes and a server. */
export function faultsOfNetwork(what: string, proxies: readonly TcpProxy[]): readonly Fault[] {
  return [
    {
      counted: `cuts and stalls of ${what}`,
      everyMs: [1_000, 4_000],
      inject: (during) => breakNetwork(during.random.pick(proxies), during),
    },
    {
      counted: `hosts vanished from ${what}`,
      everyMs: [2_000, 6_000],
      inject: (during) => vanish(during.random.pick(proxies), during),
    },
  ];
}

/** Runs statements on a connection of its own. */
export async function withClient<T>(
  connectionString: string,
  action: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {});
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

function pauseOne(
  processes: readonly RestartedProcess[],
  [least, most]: readonly [number, number],
  { random, pause }: FaultRun,
): Promise<boolean> {
  return random.pick(processes).stallFor(pause(random.between(least, most)));
}

async function breakNetwork(proxy: TcpProxy, { random, pause }: FaultRun): Promise<boolean> {
  switch (random.between(1, 4)) {
    case 1:
      proxy.disconnect();
      break;
    case 2:
      await proxy.cut();
      break;
    case 3:
      proxy.stall();
      break;
    default:
      proxy.loseAnswers();
  }
  await pause(random.between(10, 800));
  await proxy.restore();
  return true;
}

/** Those of one moment: the server hears nothing more of them, and neither do they of the server. */
async function vanish(proxy: TcpProxy, { random, pause }: FaultRun): Promise<boolean> {
  const buried = proxy.vanish();
  await pause(random.between(1_000, 8_000));
  return buried() > 0;
}

/** Work with a transaction id and a snapshot of its own, which readers of the log need not wait for. */
function holdUnrelatedTransaction(connectionString: string, { signal, pause }: FaultRun): Promise<boolean> {
  return withClient(connectionString, async (client) => {
    await client.query('begin isolation level repeatable read');
    await client.query('create table unrelated (id integer)');
    await client.query('select count(*) from pg_class');
    while (!signal.aborted) {
      await pause(1_000);
      await client.query('select 1');
    }
    await client.query('rollback');
    return true;
  });
}
