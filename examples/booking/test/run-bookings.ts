import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { typescriptFlags } from '@leftfold/testbed/faults';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { expect } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/**
 * Runs 11 trips, one of each case, and expects that each is booked as a whole or not at all. How many are booked depends on
 * how long the service that was killed is away.
 *
 * @param rabbitmqUrl '' for queues in tables
 */
export async function expectRightFigures(rabbitmqUrl: string, kill: string): Promise<void> {
  await using database = await createTestDatabase();
  // A loaded machine answers late; the time is that of the trips whose suppliers are silent.
  const args = ['--trips', '11', '--timeout', '12000', '--kill', kill];
  const bookings = spawn(process.execPath, [...typescriptFlags, main, ...args], {
    env: {
      ...process.env,
      FORCE_COLOR: '0',
      DATABASE_URL: database.connectionString,
      RABBITMQ_URL: rabbitmqUrl,
    },
  });
  const [[code], output, errors] = await Promise.all([
    once(bookings, 'exit'),
    text(bookings.stdout),
    text(bookings.stderr),
  ]);
  expect(errors).toBe('');
  expect(output).toMatch(new RegExp(`${kill} \\(pid \\d+\\) ended by SIGKILL; started again as pid \\d+`));
  expect(output).toMatch(/✓ 11 trips: \d+ booked, \d+ taken back\n/);
  expect(output).toContain(
    '✓ flights, hotels and cars are held for the trips that are booked, and for no other\n',
  );
  expect(output).toMatch(/✓ (\d+) cards are charged, and as many trips confirmed\n/);
  expect(output).toContain('✓ nothing happened twice\n');
  expect(code).toBe(0);
  for (const tripId of ['no-cars-9', 'silent-hotels-7', 'late-flights-5'])
    expect(output).toMatch(new RegExp(`${tripId} +bookings +compensated\\n`));
}
