import { expect, test } from 'vitest';
import { chooseDatabase, type DatabaseOptions } from './choose-database.ts';
import type { EmbeddedModule } from './load-embedded.ts';

const notInstalled = () =>
  Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' }));
const given = 'postgres://given';

function choose(
  options: DatabaseOptions,
  environment: Readonly<Record<string, string | undefined>>,
  loadEmbedded: () => Promise<EmbeddedModule>,
  print: (line: string) => void = () => {},
) {
  return chooseDatabase(options, { environment, loadEmbedded, print });
}

test('without a database the error says what to set or install', async () => {
  for (const environment of [{}, { DATABASE_URL: '' }, { DATABASE_URL: undefined }]) {
    await expect(choose({}, environment, notInstalled)).rejects.toMatchObject({
      code: 'DATABASE_NOT_CONFIGURED',
      message: expect.stringMatching(
        /set DATABASE_URL, or pass database: \{ url \}.*npm install --save-dev @leftfold\/embedded/s,
      ),
    });
  }
});

test('options take precedence over DATABASE_URL, and that over embedded', async () => {
  const environment = { DATABASE_URL: 'postgres://environment' };
  expect(await choose({ url: given }, environment, notInstalled)).toMatchObject({
    connectionString: given,
    origin: 'database.url',
  });
  expect(await choose({}, environment, notInstalled)).toMatchObject({
    connectionString: 'postgres://environment',
    origin: 'DATABASE_URL',
  });
});

test('an embedded server keeps its data with the project and stops with the app', async () => {
  const log: string[] = [];
  const embedded: EmbeddedModule = {
    startPostgres: async ({ directory }) => {
      log.push(directory);
      return {
        connectionString: 'postgres://embedded',
        description: 'PostgreSQL 17.10 (embedded)',
        stop: async () => {
          log.push('stopped');
        },
      };
    },
  };
  const database = await choose({}, {}, async () => embedded);
  expect(database).toMatchObject({
    connectionString: 'postgres://embedded',
    origin: 'PostgreSQL 17.10 (embedded)',
  });
  await database.stop();
  expect(log).toEqual(['.leftfold/postgres', 'stopped']);
});

test('an error of the embedded server reaches the caller unchanged', async () => {
  const error = new Error('the directory is locked');
  const embedded: EmbeddedModule = { startPostgres: () => Promise.reject(error) };
  await expect(choose({}, {}, async () => embedded)).rejects.toBe(error);
  await expect(choose({}, {}, () => Promise.reject(error))).rejects.toBe(error);
});

test('in production an embedded server is started only when it is asked for', async () => {
  const embedded: EmbeddedModule = {
    startPostgres: async () => ({
      connectionString: 'postgres://embedded',
      description: 'PostgreSQL 17.10 (embedded)',
      stop: async () => {},
    }),
  };
  const production = { NODE_ENV: 'production' };
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  await expect(choose({}, production, async () => embedded, print)).rejects.toMatchObject({
    code: 'DATABASE_NOT_CONFIGURED',
    message: expect.stringMatching(/set DATABASE_URL.*NODE_ENV is "production".*embedded: true/s),
  });
  expect(lines).toEqual([]);
  const asked = { ...production, DATABASE_URL: given };
  expect(await choose({ embedded: true }, asked, async () => embedded, print)).toMatchObject({
    connectionString: 'postgres://embedded',
  });
  await choose({}, {}, async () => embedded, print);
  expect(lines).toEqual([
    'leftfold: database.embedded is true, so PostgreSQL 17.10 (embedded) is used',
    'leftfold: DATABASE_URL is not set, so PostgreSQL 17.10 (embedded) is used',
  ]);
  await expect(choose({ embedded: false }, {}, async () => embedded, print)).rejects.toMatchObject({
    code: 'DATABASE_NOT_CONFIGURED',
  });
});
