import { expect, test } from 'vitest';
import { chooseDatabase, type EmbeddedModule } from './choose-database.ts';

const notInstalled = () =>
  Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' }));
const given = 'postgres://given';

test('without a database the error says what to set or install', async () => {
  for (const environment of [{}, { DATABASE_URL: '' }, { DATABASE_URL: undefined }]) {
    await expect(chooseDatabase({}, environment, notInstalled)).rejects.toMatchObject({
      code: 'DATABASE_NOT_CONFIGURED',
      message: expect.stringMatching(
        /set DATABASE_URL, or pass database: \{ url \}.*npm install --save-dev @leftfold\/embedded/s,
      ),
    });
  }
});

test('options take precedence over DATABASE_URL, and that over embedded', async () => {
  const environment = { DATABASE_URL: 'postgres://environment' };
  expect(await chooseDatabase({ url: given }, environment, notInstalled)).toMatchObject({
    connectionString: given,
    origin: 'database.url',
  });
  expect(await chooseDatabase({}, environment, notInstalled)).toMatchObject({
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
  const database = await chooseDatabase({}, {}, async () => embedded);
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
  await expect(chooseDatabase({}, {}, async () => embedded)).rejects.toBe(error);
  await expect(chooseDatabase({}, {}, () => Promise.reject(error))).rejects.toBe(error);
});
