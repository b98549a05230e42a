// Sends what the outbox of the store named on its command line (`lowdb:DIRECTORY` or `postgres://...`) holds to the
// webhook named there, on a clock that jumps to what comes next, and ends when nothing is pending. It says on standard
// output which deliveries were pending when it began. Given a number, it kills itself before that step: a call of the
// disk, a question to the database or its answer, or something that happens to a request. Given none, it says at its
// end how many steps there were.
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import pg from 'pg';
import { NotifierRegistry } from '../../dist/delivery/registry.js';
import { DeliveryWorker } from '../../dist/delivery/sending/worker.js';
import { realDisk } from '../../dist/store/lowdb/disk.js';
import { LowdbStore } from '../../dist/store/lowdb/store.js';
import { PostgresStore } from '../../dist/store/postgres/store.js';

const [storeUrl, webhookUrl, killAt] = process.argv.slice(2);
/** What undici says of each request, in this order; the last two are alternatives. */
const REQUEST_STEPS = ['create', 'bodySent', 'headers', 'trailers', 'error'];

let steps = 0;
/** Calls and requests that are under way: time stands still until they end. */
let underWay = 0;

function step(name) {
  steps += 1;
  if (steps !== Number(killAt)) return;
  writeSync(1, `killed before step ${steps}: ${name}\n`);
  process.kill(process.pid, 'SIGKILL');
  // The signal takes a moment, in which nothing else may happen.
  for (;;);
}

function counted(target, name) {
  return new Proxy(target, {
    get: (_, key) =>
      typeof target[key] !== 'function'
        ? target[key]
        : async (...args) => {
            step(`${name}.${String(key)}`);
            const result = await awaited(target[key](...args));
            return key === 'open' ? counted(result, 'file') : result;
          },
  });
}

async function awaited(promise) {
  underWay += 1;
  try {
    return await promise;
  } finally {
    underWay -= 1;
  }
}

/** Counts what the process asks a database, and each answer. */
function countQuestions() {
  const query = Reflect.get(pg.Client.prototype, 'query');
  pg.Client.prototype.query = async function (config, ...rest) {
    const name = config.name ?? String(config.text ?? config).trim();
    step(`asking ${name}`);
    try {
      return await awaited(Reflect.apply(query, this, [config, ...rest]));
    } finally {
      step(`the answer to ${name}`);
    }
  };
}

/** Keeps time still while a store is asked for something, which may wait for a connection before it asks. */
function watched(store) {
  const asked = ['transact', 'view', 'claimDeliveries', 'leaveLanes', 'earliestDeliveryAt', 'deliveries'];
  for (const key of asked) {
    const call = store[key].bind(store);
    store[key] = (...args) => awaited(call(...args));
  }
  return store;
}

function storeAt(url) {
  const quiet = { clock, log };
  if (url.startsWith('lowdb:'))
    return new LowdbStore({
      ...quiet,
      directory: url.slice('lowdb:'.length),
      disk: counted(realDisk, 'disk'),
    });
  countQuestions();
  // A machine that is busy for long is no reason to refuse anything.
  return watched(new PostgresStore({ ...quiet, url, answerMsMax: 180_000 }));
}

for (const name of REQUEST_STEPS) {
  subscribe(`undici:request:${name}`, () => {
    step(`request.${name}`);
    if (name === 'create') underWay += 1;
    if (name === 'trailers' || name === 'error') underWay -= 1;
  });
}

let nowAt = Date.UTC(2026, 0, 15, 12);
const timers = new Set();
const clock = {
  now: () => nowAt,
  monotonic: () => nowAt,
  after(delayMs, callback) {
    const timer = { at: nowAt + Math.max(0, delayMs), callback };
    timers.add(timer);
    return () => timers.delete(timer);
  },
};

/** Goes to the next timer once nothing else can happen. */
async function jump() {
  for (let idle = 0; idle < 5;) {
    await new Promise((resolve) => setImmediate(resolve));
    idle = underWay === 0 ? idle + 1 : 0;
  }
  const [next] = [...timers].sort((a, b) => a.at - b.at);
  if (next === undefined) return;
  nowAt = Math.max(nowAt, next.at);
  timers.delete(next);
  next.callback();
}

const log = { debug() {}, info() {}, warn() {}, error() {} };
const store = storeAt(storeUrl);
await store.open();
const pending = async () =>
  (await store.deliveries({ status: 'pending', skip: 0, limit: 1_000 })).items.map(({ id }) => id);
writeSync(1, `pending: ${JSON.stringify(await pending())}\n`);

const registry = new NotifierRegistry({ clock, logger: log });
const worker = new DeliveryWorker({
  store,
  owner: `sender ${process.pid}`,
  clock,
  logger: log,
  random: () => 0.5,
  notifiers: registry,
  publicUrl: () => null,
  redact: (text) => text,
});
worker.start(registry.apply([{ name: 'ops', type: 'slack', settings: { webhook_url: webhookUrl } }]));
while ((await pending()).length > 0) await jump();
writeSync(1, `steps: ${steps}\n`);
process.exit(0);
