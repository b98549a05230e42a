import { DAY_MS, SECOND_MS } from '../schedule/units.ts';

/** Every limit HTTP keeps, in one place (docs/design.md §8: every input has a limit). */

export const HTTP_LIMITS = {
  /** Request line and headers together. */
  headerBytesMax: 16 * 1024,
  /** The headers must have arrived after this; what trickles in slower is cut off. */
  headersMsMax: 10 * SECOND_MS,
  /** A ping's body counts as over after this, and the ping is recorded with what came. */
  bodyMsMax: 30 * SECOND_MS,
  /** The whole request. More than `bodyMsMax`, so that a slow ping is still recorded and answered. */
  requestMsMax: 60 * SECOND_MS,
  /** A connection on which nothing moves in either direction. */
  idleSocketMsMax: 120 * SECOND_MS,
  /** Longer than most clients keep theirs, so that a request rarely meets a closing connection. */
  keepAliveMs: 75 * SECOND_MS,
  /** Beyond this, the connection that has been idle longest ends; jobs of a whole fleet start at midnight together. */
  connectionsMax: 4_096,
  /** Requests that wait on one connection for the answer before theirs; after that many it ends. */
  pipelinedRequestsMax: 32,
  /** How long `close()` waits for requests that are being answered. */
  closeMsMax: 10 * SECOND_MS,
  /** How often Node looks for requests that take too long. */
  connectionCheckMs: SECOND_MS,
  /** A body that must be understood, such as a declaration. */
  jsonBytesMax: 256 * 1024,
  /** A ping's JSON object; what is larger is taken for output. */
  pingJsonBytesMax: 1024 * 1024,
  /** A ping's body is read up to here, and its tail kept; the rest is thrown away unread. */
  pingBodyBytesMax: 64 * 1024 * 1024,
  /** What all bodies that are arriving may take together, beyond the 32 kB that each may have. */
  bodiesBytesMax: 32 * 1024 * 1024,
  /** `limit` of a list. */
  /** Lines of the log an hour about pings whose bodies did not end. */
  bodyLinesMax: 100,
  pageItemsMax: 1_000,
  pageItemsDefault: 100,
  /** Parameters that filter. */
  filterLengthMax: 256,
  /** A duration beyond this is a mistake, not a duration. */
  durationMsMax: 366 * DAY_MS,
  /** An incident acknowledged for longer than this would be forgotten. */
  acknowledgedMsMax: 366 * DAY_MS,
  /** Names compared to find what an unknown one meant, and how long the list of names is kept for that. */
  suggestedNamesMax: 2_000,
  suggestedNamesMs: 5 * SECOND_MS,
} as const;

/** The limits, some of them replaced: tests cannot wait as long as a slow client may. */
export type HttpLimits = { readonly [Key in keyof typeof HTTP_LIMITS]: number };
