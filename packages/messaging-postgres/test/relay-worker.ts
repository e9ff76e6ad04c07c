// A process of its own that publishes orders until it is killed.
import { openStore, relayOrders } from './orders.ts';

const { WORKER_DATABASE: url = '' } = process.env;
const { runner } = relayOrders(openStore(url), url);
await runner.start();
