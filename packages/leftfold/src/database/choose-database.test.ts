import { expect, test } from 'vitest';
import { chooseDatabase, type EmbeddedModule } from './choose-database.ts';

const notInstalled = () =>
  Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' }));
const given = 'postgres://given';

test('without a database the error says what to set and what to install', async () => {
  for (const environment of [{}, { DATABASE_URL: '' }, { DATABASE_URL: undefined }]) {
    await expect(chooseDatabase({}, environment, notInstalled)).rejects.toMatchObject({
      code: 'STORE_MISCONFIGURED',
      message: expect.stringMatching(
        /set DATABASE_URL, or pass databaseUrl.*npm install --save-dev @leftfold\/embedded/s,
      ),
    });
  }
});

test('what is passed goes before the environment, and the environment before an embedded server', async () => {
  const environment = { DATABASE_URL: 'postgres://environment' };
  expect(await chooseDatabase({ databaseUrl: given }, environment, notInstalled)).toMatchObject({
    connectionString: given,
    origin: 'databaseUrl',
  });
  expect(await chooseDatabase({}, environment, notInstalled)).toMatchObject({
    connectionString: 'postgres://environment',
    origin: 'DATABASE_URL',
  });
});

test('an embedded server is kept with the project, and stopped with the app', async () => {
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

test('what goes wrong inside the embedded server is told as it is', async () => {
  const error = new Error('the directory is locked');
  const embedded: EmbeddedModule = { startPostgres: () => Promise.reject(error) };
  await expect(chooseDatabase({}, {}, async () => embedded)).rejects.toBe(error);
  await expect(chooseDatabase({}, {}, () => Promise.reject(error))).rejects.toBe(error);
});
