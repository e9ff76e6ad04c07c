const standardPorts = {
  RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672',
  NATS_URL: 'nats://127.0.0.1:4222',
  REDIS_URL: 'redis://127.0.0.1:6379',
} as const;

/** The variable with the URL of a service. */
export type ServiceVariable = keyof typeof standardPorts;

/**
 * The URL of a broker that tests may use: that of the variable, or of the standard port where every service is required. A
 * broker that is not named belongs to a user, and is not touched: use the result with `describe.skipIf`.
 *
 * @returns undefined, and says so, when the variable is not set
 */
export function serviceUrl(variable: ServiceVariable): string | undefined {
  if (process.env[variable]) return process.env[variable];
  if (isServiceAsked(variable)) return standardPorts[variable];
  console.log(`Skipped: ${variable} is not set, and no broker is touched without it.`);
  return undefined;
}

/** Whether tests that need the service run. */
export function isServiceAsked(variable: ServiceVariable): boolean {
  return Boolean(process.env[variable]) || process.env['LEFTFOLD_REQUIRE_SERVICES'] === '1';
}
