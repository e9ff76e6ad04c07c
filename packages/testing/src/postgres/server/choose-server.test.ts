import { expect, test } from 'vitest';
import { chooseServer } from './choose-server.ts';

const noDocker = { DOCKER_HOST: 'unix:///nowhere/docker.sock', XDG_RUNTIME_DIR: undefined };

test('testcontainers without a running Docker fails at once, and names the fixes', async () => {
  const choosing = chooseServer({ LEFTFOLD_TEST_POSTGRES: 'testcontainers', ...noDocker });
  await expect(choosing).rejects.toThrow(/Docker does not respond: start it, or set DOCKER_HOST, or unset/);
});

test('a Docker address that refuses connections counts as no Docker', async () => {
  const choosing = chooseServer({
    LEFTFOLD_TEST_POSTGRES: 'testcontainers',
    DOCKER_HOST: 'tcp://127.0.0.1:1',
  });
  await expect(choosing).rejects.toThrow(/Docker does not respond/);
});

test('DATABASE_URL has precedence, without a fallback when the server does not respond', async () => {
  const choosing = chooseServer({
    DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/mine',
    LEFTFOLD_TEST_POSTGRES: 'testcontainers',
  });
  await expect(choosing).rejects.toThrow(/^the server of DATABASE_URL does not respond: .*ECONNREFUSED/);
  await expect(choosing).rejects.not.toThrow(/secret/);
});

test.for([
  [
    { LEFTFOLD_TEST_POSTGRES: 'docker' },
    'LEFTFOLD_TEST_POSTGRES is "docker"; it must be "embedded" or "testcontainers"',
  ],
  [
    { LEFTFOLD_TEST_POSTGRES_VERSION: '9' },
    'LEFTFOLD_TEST_POSTGRES_VERSION is "9"; it must be 15, 16, 17 or 18',
  ],
] as const)('%j is a RangeError', async ([environment, message]) => {
  await expect(chooseServer(environment)).rejects.toThrow(new RangeError(message));
});
