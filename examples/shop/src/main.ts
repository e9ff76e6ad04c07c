import { parseArgs } from 'node:util';
import { runShop } from './launch/run-shop.ts';
import { serviceNames } from './launch/service-process.ts';

const { values } = parseArgs({ options: { kill: { type: 'string' }, orders: { type: 'string' } } });
const orders = Number(values.orders ?? 200);
const kill = serviceNames.find((name) => name === values.kill);

if (!Number.isInteger(orders) || orders < 1 || kill !== values.kill) {
  process.stderr.write(`npm run shop -- [--orders NUMBER] [--kill ${serviceNames.join('|')}]\n`);
  process.exitCode = 1;
} else {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => ended.abort(new Error(`ended by ${signal}`)));
  const right = await runShop({ orders, kill, signal: ended.signal }).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  });
  process.exitCode = right ? 0 : 1;
}
