import type { Delivery } from '../../../src/core/model/records.ts';
import { redact } from '../../../src/core/text/redact.ts';
import type { Message } from '../../../src/delivery/message/message.ts';
import type { Notifier, SendResult } from '../../../src/delivery/notifier.ts';
import { DeliveryWorker } from '../../../src/delivery/sending/worker.ts';
import { silentLogger } from '../../../src/observe/log.ts';
import type { Store } from '../../../src/store/store.ts';
import type { CrashDisk } from '../../support/crash-disk.ts';
import { seededRandom } from '../../support/random.ts';
import type { Script } from '../script.ts';
import { SimulatedDisk } from '../system/disk.ts';
import { System } from '../system/system.ts';
import { VirtualClock } from '../system/virtual-clock.ts';
import { Dice } from '../world/dice.ts';
import { randomWorld } from '../world/world.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/schedule/units.ts';

/** A commit to the simulated disk and everything that follows may take this many turns of the event loop. */
const DISK_TURNS = 12;
const HAPPENINGS_MAX = 60;
/** A world that owes more shows nothing more and takes long. */
const OWED_MAX = 40;
/** Each job of a world is copied this often, so that its few jobs make a storm. */
const COPIES = 6;
/** This many crashes are tried in each world. */
const CRASHES = 8;
/** A notifier does not take this share of messages at once. */
const REFUSED = 0.2;
/** This is long enough for every message that is refused once or twice. */
const SENDING_MS = 15 * MINUTE_MS;

const ALL = { skip: 0, limit: 1_000_000 };

/** The way in which the sending of what a world owes goes wrong. */
interface Trouble {
  /** The number of calls of the disk that succeed before Cronflow dies. */
  calls: number;
  cutsPower: boolean;
  /** The wall clock is set back by this while messages wait. */
  setBackMs: number;
}

/** Keeps the messages that a notifier took, in order. */
class Mailbox {
  readonly taken: Message[] = [];
  readonly #dice: Dice;
  readonly #merges: boolean;

  constructor(dice: Dice, merges: boolean) {
    this.#dice = dice;
    this.#merges = merges;
  }

  notifier(name: string): Notifier {
    return {
      name,
      type: 'log',
      concurrency: 1,
      keepsState: false,
      // There is room for a few names only, so that a storm makes more than one message.
      mergedLengthMax: this.#merges ? 120 : null,
      send: async (message): Promise<SendResult> => {
        if (this.#dice.chance(REFUSED)) return { result: 'retry', detail: 'not now' };
        this.taken.push(message);
        return { result: 'ok' };
      },
      close: async () => {},
    };
  }
}

/**
 * Checks the sending of what a world owes by a Cronflow that dies before some call of the disk and is started again, or
 * whose wall clock is set back. Every message arrives, none before the one that it follows, and none twice but those
 * that were on their way when Cronflow died (docs/design.md §7).
 */
export async function deliveryFaults(seed: number): Promise<string[]> {
  const dice = new Dice(seed);
  const world = randomWorld(seed);
  const script = { ...world, happenings: world.happenings.slice(0, HAPPENINGS_MAX) };
  const last = script.happenings.at(-1)?.at ?? script.start_at;
  script.end_at = Math.min(world.end_at, last + 4 * HOUR_MS);
  const alone = await outboxOf(script);
  if (alone.owed.length === 0 || alone.owed.length > OWED_MAX) return [];
  const isStorm = dice.chance(0.5);
  const { disk, owed } = isStorm ? await multiplied(alone.disk, script) : alone;
  const trial = dice.int(0, 2 ** 31);
  const calm = { calls: Infinity, cutsPower: false, setBackMs: 0 };
  const mailbox = (): Mailbox => new Mailbox(new Dice(trial), isStorm);
  const { calls } = await sent(script, disk.afterKill(), calm, mailbox());
  const troubles: Trouble[] = [calm, { ...calm, setBackMs: 3 * HOUR_MS }];
  for (let count = 0; count < CRASHES; count += 1)
    troubles.push({ calls: dice.int(0, calls), cutsPower: dice.chance(0.5), setBackMs: 0 });
  for (const trouble of troubles) {
    const { taken, left, all } = await sent(script, disk.afterKill(), trouble, mailbox());
    const faults = faultsOf(
      owed,
      idsOf(taken, all),
      left,
      trouble.calls < Infinity ? script.notifiers.length : 0,
    );
    if (faults.length > 0) return [`${JSON.stringify(trouble)} of ${calls} calls:`, ...faults];
  }
  return [];
}

/** Returns the disk as a world leaves it, and the deliveries that are owed then. */
async function outboxOf(script: Script): Promise<{ disk: CrashDisk; owed: Delivery[] }> {
  const simulated = new SimulatedDisk();
  const random = seededRandom(script.end_at);
  const system = new System(script, { disk: simulated, turns: DISK_TURNS, random });
  await system.play();
  return { disk: simulated.disk.afterKill(), owed: [...system.recorder.deliveries.values()] };
}

/** Returns the same with more jobs, each with the incidents and deliveries of one of the jobs of the world. */
async function multiplied(
  disk: CrashDisk,
  script: Script,
): Promise<{ disk: CrashDisk; owed: readonly Delivery[] }> {
  const simulated = new SimulatedDisk();
  simulated.disk = disk;
  const store = await simulated.open(new VirtualClock(script.end_at, DISK_TURNS));
  const { items: incidents } = await store.incidents(ALL);
  const { items: deliveries } = await store.deliveries(ALL);
  await store.transact({ all: true }, (tx) => {
    for (const job of tx.jobs()) {
      for (let copy = 1; copy <= COPIES; copy += 1) {
        const id = `${job.id}c${copy}`;
        const renamed = (text: string): string => text.replace(job.id, id);
        tx.putJob({ ...job, id, name: `${job.name}-${copy}` });
        // They are put in the order in which they were first put, the oldest first.
        for (const incident of incidents.toReversed()) {
          if (incident.kind !== 'job' || incident.job_id !== job.id) continue;
          tx.putIncident({ ...incident, id: renamed(incident.id), job_id: id });
        }
        for (const delivery of deliveries.toReversed()) {
          if (delivery.job_id === null || delivery.job_id !== job.id) continue;
          const ids = { id: renamed(delivery.id), job_id: id, incident_id: renamed(delivery.incident_id) };
          tx.putDelivery({ ...delivery, ...ids });
        }
      }
    }
  });
  const { items: owed } = await store.deliveries(ALL);
  return { disk: simulated.disk.afterKill(), owed };
}

/** Sends until Cronflow dies, if it does, and again after it was started. */
async function sent(
  script: Script,
  disk: CrashDisk,
  { calls, cutsPower, setBackMs }: Trouble,
  mailbox: Mailbox,
): Promise<{
  taken: readonly Message[];
  left: readonly Delivery[];
  all: readonly Delivery[];
  calls: number;
}> {
  const clock = new VirtualClock(script.end_at, DISK_TURNS);
  const simulated = new SimulatedDisk();
  simulated.disk = disk;
  disk.crashAt = calls;
  await working(script, simulated, clock, mailbox, setBackMs).catch((error: unknown) => {
    if (calls === Infinity) throw error;
  });
  const used = disk.calls;
  if (calls < Infinity) {
    clock.forgetTimers();
    simulated.disk = cutsPower
      ? disk.afterPowerFailure(seededRandom(script.end_at + calls))
      : disk.afterKill();
  }
  const store = await working(script, simulated, clock, mailbox, 0);
  const all = (await store.deliveries(ALL)).items;
  const left = all.filter(({ status }) => status === 'pending');
  return { taken: mailbox.taken, left, all, calls: used };
}

/** Runs one process that sends for a while. */
async function working(
  { notifiers }: Script,
  disk: SimulatedDisk,
  clock: VirtualClock,
  mailbox: Mailbox,
  setBackMs: number,
): Promise<Store> {
  const store = await disk.open(clock);
  const worker = new DeliveryWorker({
    store,
    owner: 'one',
    clock,
    logger: silentLogger,
    random: () => 0.5,
    notifiers: { get: (name) => mailbox.notifier(name) },
    publicUrl: () => null,
    redact,
  });
  worker.start(notifiers);
  await clock.settle();
  if (setBackMs > 0) clock.set(clock.now() - setBackMs);
  await clock.advanceTo(clock.now() + SENDING_MS, true);
  if (disk.disk.calls < disk.disk.crashAt) await worker.stop();
  return store;
}

/** Returns the deliveries of which each message told, in the order in which they are told. */
function idsOf(taken: readonly Message[], all: readonly Delivery[]): readonly (readonly string[])[] {
  const byId = new Map(all.map((delivery) => [delivery.id, delivery]));
  return taken.map(({ deliveryId, kind }) => {
    const ids = byId.get(deliveryId)?.merged_ids ?? [];
    const closing = `${deliveryId.slice(0, -'opened'.length)}closed`;
    return [deliveryId, ...ids, ...(kind === 'opened_and_closed' ? [closing] : [])];
  });
}

function faultsOf(
  owed: readonly Delivery[],
  taken: readonly (readonly string[])[],
  left: readonly Delivery[],
  twiceMax: number,
): string[] {
  const faults = left.map(({ id }) => `${id} is still waiting`);
  const told = taken.flat();
  const twice = taken.filter(([id], index) => taken.findIndex(([first]) => first === id) < index);
  if (twice.length > twiceMax) faults.push(`${twice.length} messages came twice`);
  const again = new Set(twice.flat());
  for (const delivery of owed) {
    const mayBeSilent = delivery.kind === 'reminder' || delivery.kind === 'closed_silently';
    const at = told.indexOf(delivery.id);
    if (at === -1 && !mayBeSilent) faults.push(`${delivery.id} never came`);
    if (at !== -1 && told.indexOf(idOf(delivery, 'opened')) > at)
      faults.push(`${delivery.id} came before its opening`);
    if (!again.has(delivery.id) && told.lastIndexOf(delivery.id) !== at)
      faults.push(`${delivery.id} came in two messages`);
  }
  return faults;
}

function idOf({ incident_id: incidentId, notifier }: Delivery, suffix: string): string {
  return `${incidentId}.${notifier}.${suffix}`;
}
