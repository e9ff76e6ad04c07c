import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { typescriptFlags } from '@leftfold/testbed/faults';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { expect } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Runs the shop with 40 orders, and expects that each has its end once. @param rabbitmqUrl '' for queues in tables */
export async function expectRightFigures(rabbitmqUrl: string, kill: string): Promise<void> {
  await using database = await createTestDatabase();
  const shop = spawn(process.execPath, [...typescriptFlags, main, '--orders', '40', '--kill', kill], {
    env: {
      ...process.env,
      FORCE_COLOR: '0',
      DATABASE_URL: database.connectionString,
      RABBITMQ_URL: rabbitmqUrl,
    },
  });
  const [[code], output, errors] = await Promise.all([
    once(shop, 'exit'),
    text(shop.stdout),
    text(shop.stderr),
  ]);
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(output).toMatch(new RegExp(`${kill} \\(pid \\d+\\) ended by SIGKILL; started again as pid \\d+`));
  expect(output).toContain('✓ 40 orders, 40 payments\n');
  expect(output).toContain('✓ 35 payments taken, 35 parcels, 35 orders completed\n');
  expect(output).toContain('✓ 5 payments declined, and as many orders\n');
  expect(output).toContain('✓ nothing happened twice\n');
  for (const type of ['order.placed', 'payment.requested', 'payment.taken', 'parcel.sent', 'order.completed'])
    expect(output).toContain(`o-1  ${type}\n`);
  for (const type of ['payment.declined', 'order.declined']) expect(output).toContain(`o-8  ${type}\n`);
}
