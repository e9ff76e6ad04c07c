import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copyBinaries } from '../src/binaries/copy.ts';
import { locateBinaries } from '../src/binaries/locate.ts';
import { startPostgres } from '../src/index.ts';
import { isReachable } from '../src/server-user.ts';
import { openFolder, startApplication } from './application.ts';
import { query } from './query.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const nobody = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('as root', () => {
  test('binaries and data can be below a folder that only root may enter', async () => {
    const closed = mkdtempSync(join(tmpdir(), 'embedded-test-')); // 0700
    onTestFinished(() => rmSync(closed, { recursive: true }));
    const binaries = join(closed, 'native');
    copyBinaries(locateBinaries(17, here), binaries);
    const options = { binaries, directory: join(closed, 'kept'), durable: false };

    const first = await startPostgres(options);
    await query(first.connectionString, 'create table notes as select 1 as number');
    await first.restart({ mode: 'immediate' });
    await first.stop();
    await using second = await startPostgres(options);
    expect(await query(second.connectionString, 'select number from notes')).toEqual([{ number: 1 }]);
  });

  test('the server runs as the user nobody, or as the owner of its data', async () => {
    const folder = openFolder();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const options = { directory: join(folder, 'kept'), durable: false };
    const first = await startPostgres(options);
    expect(statSync(`/proc/${first.pid}`).uid).toBe(nobody.uid);
    await first.stop();

    const owner = 12_345; // not a user of the system
    const data = join(options.directory, 'data');
    for (const path of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      chownSync(join(data, path), owner, owner);
    }
    chownSync(data, owner, owner);
    await using second = await startPostgres(options);
    expect(statSync(`/proc/${second.pid}`).uid).toBe(owner);
  });

  test('a link in place of a file of the server is never followed', async () => {
    const folder = openFolder();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const victim = join(folder, 'victim');
    const directory = join(folder, 'kept');
    writeFileSync(victim, 'precious', { mode: 0o600 });
    // The owner of the directory is a user, and the process that starts the server is root.
    mkdirSync(directory);
    chownSync(directory, nobody.uid, nobody.gid);
    for (const name of ['.gitignore', 'postgres.log']) symlinkSync(victim, join(directory, name));
    await using server = await startPostgres({ directory, durable: false });
    // What a superuser of the database can do in the data directory, as the server's user.
    await query(
      server.superuserConnectionString,
      `copy (select 1) to program 'rm leftfold.conf; ln -s ${victim} leftfold.conf'`,
    );
    await server.restart({ mode: 'fast' });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(statSync(victim)).toMatchObject({ uid: 0, mode: 0o100600 });
    rmSync(join(directory, 'postgres.log'));
    symlinkSync(victim, join(directory, 'postgres.log'));
    await expect(server.restart({ mode: 'fast' })).rejects.toMatchObject({ code: 'POSTGRES_START_FAILED' });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  test.runIf(isReachable(here, nobody))('a user without privileges can start a server', async () => {
    using application = startApplication({}, nobody);
    const { connectionString, pid } = await application.started;
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(statSync(`/proc/${pid}`).uid).toBe(nobody.uid);
  });
});
