import { defineEvents } from '@leftfold/core';
import { z } from 'zod';
import { supplierNames } from '../suppliers/supplier-name.ts';

export const ofSupplier = z.object({ of: z.enum(supplierNames), tripId: z.string() });

/** What the service of the bookings publishes. */
export const bookingMessages = defineEvents('bookings', { wanted: ofSupplier, notWanted: ofSupplier });
export const BOOKINGS = '/booking/bookings';
