import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { templateName } from '../src/postgres/database-name.ts';
import { withClient } from '../src/postgres/with-client.ts';
import { setup } from '../src/vitest/global-setup.ts';

const server = inject('leftfoldPostgres');
const { hostname, port } = new URL(server);

test('a run of many processes prepares once, names its server and leaves no database', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'testing-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'report');
  const output = await runProject({ DATABASE_URL: server, REPORT: log });
  expect(output).toMatch(
    new RegExp(`^Tests use PostgreSQL [\\d.]+ \\(DATABASE_URL, ${hostname}:${port}\\)\\.$`, 'm'),
  );

  const happened = readFileSync(log, 'utf8').trim().split('\n');
  const [first, ...others] = happened.map((line) => line.split(' ')[0]);
  expect([first, others]).toEqual(['prepared', ['created', 'created']]);
  const databases = happened.map((line) => line.split(' ')[1] ?? '');
  expect(new Set(databases).size).toBe(3);
  expect(await existing(databases)).toEqual([]);
});

test('in watch mode, templates are prepared again for each run', async () => {
  vi.stubEnv('DATABASE_URL', server);
  onTestFinished(() => void vi.unstubAllEnvs());
  const project = new Project();
  const teardown = await setup(project);
  const first = project.provided['leftfoldTestRun'] ?? '';
  const template = templateName(first, 'shop');
  await withClient(server, (admin) => admin.query(`create database ${template} is_template true`));

  await project.rerun();
  const second = project.provided['leftfoldTestRun'] ?? '';
  expect(second).not.toBe(first);
  expect(await existing([template])).toEqual([]);

  const left = templateName(second, 'shop');
  await withClient(server, (admin) => admin.query(`create database ${left}`));
  await teardown();
  expect(await existing([left])).toEqual([]);
});

/** Replaces vitest's project, of which a test cannot create another one. */
class Project {
  readonly provided: Record<string, string> = {};
  rerun: () => unknown = () => {};

  provide(key: string, value: string): void {
    this.provided[key] = value;
  }

  onTestsRerun(listener: (files: never[]) => unknown): void {
    this.rerun = () => listener([]);
  }
}

async function runProject(variables: Record<string, string>): Promise<string> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const config = fileURLToPath(new URL('./project/vitest.config.ts', import.meta.url));
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', ...variables };
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--config', config], {
    env,
  });
  return stdout;
}

async function existing(databases: string[]): Promise<string[]> {
  return withClient(server, async (admin) => {
    const statement = 'select datname from pg_database where datname = any($1)';
    const { rows } = await admin.query<{ datname: string }>(statement, [databases]);
    return rows.map(({ datname }) => datname);
  });
}
