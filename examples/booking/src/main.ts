import { parseArgs } from 'node:util';
import { runBookings } from './launch/run-bookings.ts';
import { serviceNames } from './launch/service-process.ts';
import { tripCases } from './suppliers/trip-case.ts';

const { values } = parseArgs({
  options: { kill: { type: 'string' }, trips: { type: 'string' }, timeout: { type: 'string' } },
});
const trips = Number(values.trips ?? 10 * tripCases.length);
const timeoutMs = Number(values.timeout ?? 4_000);
const kill = serviceNames.find((name) => name === values.kill);

if (!(trips >= tripCases.length && timeoutMs > 0) || kill !== values.kill) {
  const usage = `npm run booking -- [--trips NUMBER] [--timeout MILLISECONDS] [--kill ${serviceNames.join('|')}]`;
  process.stderr.write(`${usage}\nThere are at least ${tripCases.length} trips, one of each case.\n`);
  process.exitCode = 1;
} else {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => ended.abort(new Error(`ended by ${signal}`)));
  const right = await runBookings({ trips, timeoutMs, kill, signal: ended.signal }).catch(
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return false;
    },
  );
  process.exitCode = right ? 0 : 1;
}
