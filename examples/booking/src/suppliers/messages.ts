import { defineEvents } from '@leftfold/core';
import { z } from 'zod';

const ofTrip = z.object({ tripId: z.string() });
const answers = { reserved: ofTrip, refused: ofTrip };

/** What each supplier publishes. */
export const supplierMessages = {
  flights: defineEvents('flights', answers),
  hotels: defineEvents('hotels', answers),
  cars: defineEvents('cars', answers),
} as const;

export const SUPPLIER_SOURCES = {
  flights: '/booking/flights',
  hotels: '/booking/hotels',
  cars: '/booking/cars',
} as const;
