// The service of the cars, a process of its own.
import { runSupplier } from '../suppliers/run-supplier.ts';

await runSupplier('cars');
