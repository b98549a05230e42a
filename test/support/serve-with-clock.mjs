// The service as its users run it, in a process of its own, but with a clock that the test moves: the only
// difference to src/main.ts. CLOCK_OFFSET_MS says how far it is ahead at first; messages from the parent,
// {advanceMs}, move it on and are answered with {advanced: now}.
import diagnostics from 'node:diagnostics_channel';
import { openStore } from '../../dist/store/open/open-store.js';
import { overlaid } from '../../dist/store/overlaid.js';
import { serveHere } from './serve-here.mjs';

/** Time moves in steps no longer than the service's own sleeps, as it does for a machine that is awake. */
const STEP_MS = 5_000;
/** Of 2 ms each. */
const TURNS_MAX = 5_000;
/** As many are given to a receiver that has a message; one that never answers holds up no test. */
const ANSWER_TURNS_MAX = 250;
/** Members of a store that ask it for nothing. */
const SILENT = new Set(['constructor', 'open', 'close', 'watch', 'health', 'isShared', 'lackCount']);

/** Requests to receivers under way. */
const asked = new Set();
diagnostics.subscribe('undici:request:create', ({ request }) => asked.add(request));
for (const end of ['trailers', 'error'])
  diagnostics.subscribe(`undici:request:${end}`, ({ request }) => asked.delete(request));

let offsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0);
const timers = new Set();

const clock = {
  now: () => Date.now() + offsetMs,
  monotonic: () => performance.now() + offsetMs,
  after(delayMs, callback) {
    const timer = { at: clock.now() + Math.max(0, delayMs), handle: undefined, fire: undefined };
    timer.fire = () => {
      clearTimeout(timer.handle);
      if (timers.delete(timer)) callback();
    };
    timer.handle = setTimeout(() => timer.fire(), Math.min(Math.max(0, delayMs), 2 ** 31 - 1));
    timers.add(timer);
    return () => {
      clearTimeout(timer.handle);
      timers.delete(timer);
    };
  },
};

/** What was asked of a database and has no answer yet. */
let questions = 0;

/**
 * Opens the store. The clock of a database does not move with that of the test, so nobody is told of it. Time stands
 * still until a database has answered.
 */
async function open(url, options) {
  const { onClock: _ofDatabase, ...others } = options;
  const store = await openStore(url, others);
  if (store.isShared !== true) return store;
  const own = {};
  for (const key of Object.getOwnPropertyNames(Object.getPrototypeOf(store))) {
    if (SILENT.has(key) || typeof Reflect.get(store, key) !== 'function') continue;
    own[key] = async (...args) => {
      questions += 1;
      try {
        return await Reflect.apply(Reflect.get(store, key), store, args);
      } finally {
        questions -= 1;
      }
    };
  }
  return overlaid(store, own);
}

async function advance(ms) {
  for (let left = ms; left > 0; left -= STEP_MS) {
    offsetMs += Math.min(STEP_MS, left);
    for (const timer of [...timers].sort((a, b) => a.at - b.at)) if (timer.at <= clock.now()) timer.fire();
    await settle();
  }
  for (const timer of timers) {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => timer.fire(), Math.min(Math.max(0, timer.at - clock.now()), 2 ** 31 - 1));
  }
}

/**
 * Lets what the timers started reach the disk or the database before time goes on. On a slow disk the service would else be
 * right to say that for half a minute nothing could be stored, and to send again what is being answered.
 */
async function settle() {
  for (let idle = 0, turn = 0; idle < 3 && turn < TURNS_MAX; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const writes = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
    const isBusy = writes || questions > 0 || (asked.size > 0 && turn < ANSWER_TURNS_MAX);
    idle = isBusy ? 0 : idle + 1;
  }
}

process.on('message', ({ advanceMs }) => {
  void advance(advanceMs).then(() => process.send({ advanced: clock.now() }));
});

await serveHere(clock, {}, open);
