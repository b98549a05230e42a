/**
 * How long tests may take. A limit is there for what hangs: on a machine with two busy cores everything takes many
 * times as long as on a quiet one, so each limit is at least five times what the slowest test needs there.
 */

/** Longest a test or a hook may take. */
export const HANG_LIMIT_MS = 600_000;

/** Longest a test waits for one thing. It is below the limit of a test, so that the error says what never came. */
export const WAIT_LIMIT_MS = 180_000;
