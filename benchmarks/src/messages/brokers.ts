import { UnavailableError } from '../run/workload.ts';

const standardPorts = {
  RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672',
  NATS_URL: 'nats://127.0.0.1:4222',
} as const;

/**
 * The URL of a broker that a run may use: that of the variable, or the one at the standard port when it is asked for.
 *
 * @throws UnavailableError when there is none
 */
export function brokerUrl(variable: keyof typeof standardPorts): string {
  const url = process.env[variable];
  if (url) return url;
  if (process.env['LEFTFOLD_REQUIRE_SERVICES'] === '1') return standardPorts[variable];
  throw new UnavailableError(
    `skipped: set ${variable}, or LEFTFOLD_REQUIRE_SERVICES=1 for the broker at the standard port`,
  );
}
