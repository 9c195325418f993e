// Tickets come early, so that their turns do not open late.

/** Tickets that are due later than this open their turn this much early: BullMQ's delays are up to 400 ms late. */
const EARLY_MS = 400;

/** How long to delay the ticket of a wake, ms. */
export const ticketDelayMs = (dueInMs: number): number => Math.max(0, dueInMs - EARLY_MS);
