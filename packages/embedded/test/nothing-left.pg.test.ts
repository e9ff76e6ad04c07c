import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';
import { leftIn, startApplication } from './application.ts';
import { query } from './query.ts';

const nothing = { files: [], processes: [] };
const soon = { timeout: 10_000, interval: 20 };

describe('no process and no file of an ephemeral server is left', () => {
  test.for(['SIGKILL', 'SIGTERM'] as const)('when its application ends by %s', async (signal) => {
    using application = startApplication();
    const { pid } = await application.started;
    expect(leftIn(application.folder).processes).toContain(pid);
    application.process.kill(signal);
    await expect.poll(() => leftIn(application.folder), soon).toEqual(nothing);
  });

  test('after Ctrl-C, and the application can use the database until it exits', async () => {
    using application = startApplication();
    await application.started;
    const ended = once(application.process, 'exit');
    process.kill(-application.pid, 'SIGINT'); // signals the whole group, as a terminal does
    expect(await ended).toEqual([0, null]);
    await expect.poll(() => leftIn(application.folder), soon).toEqual(nothing);
  });

  test('when its application is killed while the data directory is created', async () => {
    using application = startApplication();
    await expect.poll(() => leftIn(application.folder).files, soon).not.toEqual([]);
    application.process.kill('SIGKILL');
    await expect.poll(() => leftIn(application.folder), soon).toEqual(nothing);
  });

  test('when its application is killed while other processes are connected', async () => {
    guarantee('embedded-leaves-nothing');
    using application = startApplication();
    const { connectionString } = await application.started;
    const waiting = query(connectionString, 'select pg_sleep(60)');
    const [row] = await query(connectionString, 'select 1 as one');
    expect(row).toEqual({ one: 1 });
    application.process.kill('SIGKILL');
    await expect(waiting).rejects.toMatchObject({ message: /terminat/ });
    await expect.poll(() => leftIn(application.folder), soon).toEqual(nothing);
  });

  test('when its supervisor is killed', async () => {
    guarantee('embedded-leaves-nothing');
    using application = startApplication();
    const { pid } = await application.started;
    process.kill(parentOf(pid), 'SIGKILL');
    await expect.poll(() => leftIn(application.folder).files, soon).toEqual([]);
    const { processes } = leftIn(application.folder);
    expect(processes).not.toContain(pid);
    expect(processes).toContain(application.pid);
  });
});

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
