// The service of the hotels, a process of its own.
import { runSupplier } from '../suppliers/run-supplier.ts';

await runSupplier('hotels');
