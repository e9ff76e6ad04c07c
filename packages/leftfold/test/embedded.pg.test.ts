import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('embedded-app.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

async function runIn(folder: string): Promise<{ readonly database: string; readonly cents: number }> {
  const { DATABASE_URL: _unset, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@leftfold/source', '--import', tsx, program],
    { cwd: folder, env: { ...env, TSX_DISABLE_CACHE: '1' }, timeout: 60_000 },
  );
  return JSON.parse(stdout);
}

test('without DATABASE_URL data are kept in .leftfold/postgres, and no server is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leftfold-app-'));
  try {
    const first = await runIn(folder);
    expect(first).toEqual({
      database: expect.stringMatching(/embedded, kept in \.leftfold\/postgres/),
      cents: 5,
    });
    const again = await runIn(folder);
    expect(again.cents).toBe(10);
    const data = join(folder, '.leftfold', 'postgres');
    expect(existsSync(data)).toBe(true);
    const processes = await runningServers(folder);
    expect(processes).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

/** Process ids of servers whose data are in the folder. */
async function runningServers(folder: string): Promise<readonly string[]> {
  const file = join(folder, '.leftfold', 'postgres', 'data', 'postmaster.pid');
  return existsSync(file) ? (await readFile(file, 'utf8')).split('\n', 1) : [];
}
