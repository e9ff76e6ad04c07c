// The service of the flights, a process of its own.
import { runSupplier } from '../suppliers/run-supplier.ts';

await runSupplier('flights');
