import { HOUR_MS } from '../../../src/schedule/units.ts';
import { differences } from '../compare.ts';
import { brokenInvariants } from '../invariants.ts';
import { expectedOf } from '../model/model.ts';
import type { Script } from '../script.ts';
import { Database } from '../system/database.ts';
import { System } from '../system/system.ts';
import { Dice } from '../world/dice.ts';
import { randomWorld } from '../world/world.ts';
import { Instances } from './instances.ts';

/** A longer world shows nothing more of a store, and each of its transactions asks a database. */
const HAPPENINGS_MAX = 30;

function smallWorld(seed: number): Script {
  const world = randomWorld(seed);
  const happenings = world.happenings.slice(0, HAPPENINGS_MAX);
  const last = happenings.at(-1)?.at ?? world.start_at;
  return { ...world, happenings, end_at: Math.min(world.end_at, last + 4 * HOUR_MS) };
}

/**
 * Checks that one Cronflow over a database does what the words of docs/design.md make of a world.
 * @returns null where the machine was too slow to say
 */
export function alone(seed: number): Promise<string[] | null> {
  const script = smallWorld(seed);
  return over(async (database) => {
    const system = new System(script, { disk: database });
    await system.play();
    const { recorder } = system;
    return [
      ...differences(expectedOf(script), recorder.verdict()),
      ...brokenInvariants(recorder),
      ...(await system.lostRecords()),
    ];
  });
}

/**
 * Checks that several instances on one database do together what one does that is never away: no slot is judged twice or
 * not at all, no ping that was answered is lost, and everyone is told of everything, whatever befalls one of them.
 * @returns null where the machine was too slow to say
 */
export function together(seed: number): Promise<string[] | null> {
  const world = smallWorld(seed);
  const script = { ...world, happenings: world.happenings.filter(({ type }) => type !== 'away') };
  return over(async (database) => {
    const instances = new Instances(script, database, new Dice(seed));
    const { verdict, faults } = await instances.play();
    const lines = [
      ...differences(expectedOf(script), verdict),
      ...brokenInvariants(instances.recorder),
      ...faults,
    ];
    return lines.length === 0 ? [] : [...instances.done, ...lines];
  });
}

async function over(play: (database: Database) => Promise<string[]>): Promise<string[] | null> {
  const database = await Database.empty();
  try {
    const lines = await play(database);
    return database.isTooSlow ? null : lines;
  } catch (error) {
    if (database.isTooSlow) return null;
    throw error;
  } finally {
    await database.dispose();
  }
}
