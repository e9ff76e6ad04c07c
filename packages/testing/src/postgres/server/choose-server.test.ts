import { expect, test } from 'vitest';
import { chooseServer } from './choose-server.ts';

const noDocker = { DOCKER_HOST: 'unix:///nowhere/docker.sock', XDG_RUNTIME_DIR: undefined };

test('a wish for Docker fails at once where none answers, and says what to do', async () => {
  const choosing = chooseServer({ LEFTFOLD_TEST_POSTGRES: 'testcontainers', ...noDocker });
  await expect(choosing).rejects.toThrow(/no Docker answers: start it, or point DOCKER_HOST to it, or unset/);
});

test('a Docker that refuses connections is none', async () => {
  const choosing = chooseServer({
    LEFTFOLD_TEST_POSTGRES: 'testcontainers',
    DOCKER_HOST: 'tcp://127.0.0.1:1',
  });
  await expect(choosing).rejects.toThrow(/no Docker answers/);
});

test('DATABASE_URL goes before all else, and is not replaced when it does not answer', async () => {
  const choosing = chooseServer({
    DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/mine',
    LEFTFOLD_TEST_POSTGRES: 'testcontainers',
  });
  await expect(choosing).rejects.toThrow(/^the server of DATABASE_URL does not answer: .*ECONNREFUSED/);
  await expect(choosing).rejects.not.toThrow(/secret/);
});

test.for([
  [
    { LEFTFOLD_TEST_POSTGRES: 'docker' },
    'LEFTFOLD_TEST_POSTGRES is "docker"; it can be "embedded" or "testcontainers"',
  ],
  [
    { LEFTFOLD_TEST_POSTGRES_VERSION: '9' },
    'LEFTFOLD_TEST_POSTGRES_VERSION is "9"; it can be 15, 16, 17 or 18',
  ],
] as const)('%j is refused', async ([environment, message]) => {
  await expect(chooseServer(environment)).rejects.toThrow(new RangeError(message));
});
