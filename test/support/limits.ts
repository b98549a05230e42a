/**
 * Limits the time that tests may take. A limit is there for tests that hang. On a machine with two busy cores
 * everything takes many times as long as on a quiet one, so each limit is at least five times what the slowest test
 * needs there.
 */

/** A test or a hook may take no longer than this. */
export const HANG_LIMIT_MS = 600_000;

/**
 * A test waits no longer than this for one thing. It is below the limit of a test, so that the error says what never
 * came.
 */
export const WAIT_LIMIT_MS = 180_000;
