import { DAY_MS, SECOND_MS } from '../schedule/units.ts';

/**
 * The limits of connections, requests and lists (docs/design.md §8: every input has a limit). Those of the parts of a
 * ping or of an answer stand in the files that keep them.
 */
export const HTTP_LIMITS = {
  /** The request line and the headers together. */
  headerBytesMax: 16 * 1024,
  /** The time for the headers to arrive; a connection that is slower is cut off. */
  headersMsMax: 10 * SECOND_MS,
  /** The time for a ping's body to arrive; after it the ping is recorded with what came. */
  bodyMsMax: 30 * SECOND_MS,
  /**
   * The time for the whole request. It is longer than `bodyMsMax`, so that a slow ping is still recorded and
   * answered.
   */
  requestMsMax: 60 * SECOND_MS,
  /** The time for which nothing may move on a connection in either direction. */
  idleSocketMsMax: 120 * SECOND_MS,
  /**
   * The time that an idle connection is kept. It is longer than with most clients, so that a request rarely meets a
   * closing connection.
   */
  keepAliveMs: 75 * SECOND_MS,
  /**
   * With more connections than this, the one that has been idle longest ends. The jobs of a whole fleet start at
   * midnight together, ten thousand of them and more.
   */
  connectionsMax: 16_384,
  /**
   * So many connections wait in the system until they are taken. Whoever finds no place tries again a second later. The
   * system may allow fewer (`net.core.somaxconn`).
   */
  backlogMax: 4_096,
  /** The requests that may wait on one connection for answers before theirs; after this many it ends. */
  pipelinedRequestsMax: 32,
  /** The time that `close()` waits for requests that are being answered. */
  closeMsMax: 10 * SECOND_MS,
  /** The interval at which Node looks for requests that take too long. */
  connectionCheckMs: SECOND_MS,
  /** The size of a body that must be understood, such as a declaration. */
  jsonBytesMax: 256 * 1024,
  /** The characters of a configuration that is checked. To read so many takes less than 50 ms of the only thread. */
  checkedLengthMax: 64 * 1024,
  /** The checks of configurations that may wait for each other. */
  checksWaitingMax: 4,
  /** The size of a ping's JSON object; a larger one is taken for output. */
  pingJsonBytesMax: 1024 * 1024,
  /** A ping's body is read up to this size, and its tail kept; the rest is thrown away unread. */
  pingBodyBytesMax: 64 * 1024 * 1024,
  /** The memory of all bodies in arrival together, beyond the 32 kB that each may have. */
  bodiesBytesMax: 32 * 1024 * 1024,
  /** Lines of the log in an hour about pings whose bodies did not end. */
  bodyLinesMax: 100,
  /** The largest `limit` that may be asked for in a list. */
  pageItemsMax: 1_000,
  /** The `limit` of a list where none is asked for. */
  pageItemsDefault: 100,
  /** The same two of `GET /slots`, of which a page of a timeline shows thousands. */
  slotItemsMax: 5_000,
  slotItemsDefault: 1_000,
  /** The longest stretch of time that `GET /slots` is asked for. */
  slotsMsMax: 31 * DAY_MS,
  /** One answer of `GET /slots` looks at so many slots, however few items they are folded to. */
  slotsLookedAtMax: 100_000,
  /** So many of them are looked at in one go. Then requests that wait have their turn. */
  slotsInOneGoMax: 1_000,
  /** A search of outputs tells how far it got once it has read so many bytes, or looked for so long. */
  searchBytesMax: 16 * 1024 * 1024,
  searchMsMax: 2 * SECOND_MS,
  /** So many searches wait for their turn, for one goes on at a time. */
  searchesWaitingMax: 8,
  /** The length of a parameter that filters. */
  filterLengthMax: 256,
  /** A longer duration is a mistake. */
  durationMsMax: 366 * DAY_MS,
  /** An incident that is acknowledged for longer would be forgotten. */
  acknowledgedMsMax: 366 * DAY_MS,
  /** So many names are compared to find the one that was meant. */
  suggestedNamesMax: 2_000,
  /** The time for which the list of these names is kept. */
  suggestedNamesMs: 5 * SECOND_MS,
} as const;

/** The limits, of which tests replace some, because tests cannot wait as long as a slow client may. */
export type HttpLimits = { readonly [Key in keyof typeof HTTP_LIMITS]: number };
