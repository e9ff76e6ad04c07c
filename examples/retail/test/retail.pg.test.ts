import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { describe, expect, test } from 'vitest';
import { schemaOf } from '../src/import-and-report.ts';
import { projections } from '../src/open-shop.ts';
import { newReturns, wrongReturns } from '../src/read/returns.ts';

const sample = fileURLToPath(new URL('../sample.csv', import.meta.url));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
/** The real file is not part of the repository. Its test runs only where the file is present. */
const realFile = fileURLToPath(new URL('../../../../shared/data/online-retail.csv.gz', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly output: string;
}

function start(connectionString: string, file: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=@leftfold/source', '--import', tsx, main, ...file], {
    env: { ...process.env, DATABASE_URL: connectionString, FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** @param killAt kills the process with SIGKILL when its output matches */
function toEnd(run: ChildProcess, killAt?: RegExp): Promise<Run> {
  let output = '';
  run.stdout?.setEncoding('utf8').on('data', (printed: string) => {
    output += printed;
    if (killAt?.test(output)) run.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    run.once('close', (code) => resolve({ code, output }));
  });
}

describe('retail', () => {
  test('the sample is imported exactly with the rights of an app; a second run adds nothing', async () => {
    await using database = await createTestDatabase();
    await using logins = await createRoleLogins(database);
    const everything = [...projections, wrongReturns, newReturns];
    await logins.migrate({ schema: await schemaOf(sample), projections: everything });
    const url = logins.urlOf('process');
    const first = await toEnd(start(url, []));
    expect(first).toMatchObject({ code: 0 });
    expect(first.output).toContain('99 events added');
    expect(first.output).toMatch(/✗ pieces returned.*\n.*differ[^]*✓ pieces returned/);
    const second = await toEnd(start(url, []));
    expect(second).toMatchObject({ code: 0 });
    expect(second.output).toContain(' 0 events added');
    expect(second.output.slice(second.output.indexOf('Revenue by country'))).toBe(
      first.output.slice(first.output.indexOf('Revenue by country')),
    );
  }, 120_000);

  test.runIf(existsSync(realFile))(
    'the real file leads to its known totals, also after a SIGKILL in the middle',
    async () => {
      await using database = await createTestDatabase();
      const killed = await toEnd(start(database.connectionString, [realFile]), /[2-9]\d% · /);
      expect(killed.code).toBe(null);
      const { code, output } = await toEnd(start(database.connectionString, [realFile]));
      const figures = [...output.matchAll(/✓ (.+?) {2,}(\S+)$/gm)].map(([, what, figure]) => [what, figure]);
      expect(Object.fromEntries(figures)).toMatchObject({
        lines: '541,909',
        invoices: '25,900',
        'cancellations among them': '3,836',
        'lines with a negative quantity': '10,624',
        'lines with a price of zero or less': '2,517',
        countries: '38',
        products: '4,070',
        customers: '4,372',
        revenue: '£9,747,747.93',
      });
      expect(code).toBe(0);
    },
    400_000,
  );
});
