import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres } from '../start-postgres.ts';
import { prepareBinaries } from './prepare.ts';

let folder: string;
let native: string;
let copy: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-test-'));
  native = join(folder, 'native');
  copy = join(folder, 'copy');
  mkdirSync(join(native, 'bin'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

function installProgram(script: string): void {
  const program = join(native, 'bin', 'postgres');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
}

describe.skipIf(process.platform === 'win32')('binaries', () => {
  test('report their version by --version', async () => {
    installProgram('echo "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"');
    const binaries = await prepareBinaries(native, copy, undefined);
    expect(binaries).toEqual({ bin: join(native, 'bin'), version: '15.20', major: 15 });
  });

  test('that do not exist are POSTGRES_BINARIES_MISSING, with the path', async () => {
    await expect(prepareBinaries(native, copy, undefined)).rejects.toMatchObject({
      code: 'POSTGRES_BINARIES_MISSING',
      message: `${join(native, 'bin', 'postgres')} does not exist`,
    });
  });

  test('that fail to run are POSTGRES_BINARIES_UNUSABLE, with their output', async () => {
    installProgram('echo "libc.so.6: version GLIBC_2.99 not found" >&2; exit 1');
    await expect(prepareBinaries(native, copy, undefined)).rejects.toMatchObject({
      code: 'POSTGRES_BINARIES_UNUSABLE',
      message: expect.stringContaining('GLIBC_2.99 not found'),
    });
  });

  test('of another version than the requested one are not started', async () => {
    installProgram('echo "postgres (PostgreSQL) 15.20"');
    await expect(startPostgres({ version: 17, binaries: native })).rejects.toMatchObject({
      code: 'POSTGRES_BINARIES_UNUSABLE',
      message: 'the given binaries are PostgreSQL 15.20, not 17',
    });
  });
});
