import { addRid, type Need } from './need.ts';

/** So many names are known at most. Those that were learned first go first. */
const NAMES_MAX = 200_000;

/**
 * Remembers which job has which name, so that the database need not look a name up for every ping. What it says may be
 * out of date. A transaction finds that out: the job that was loaded has another name then, and the name is looked up.
 */
export class KnownNames {
  readonly #idsOfNames = new Map<string, string>();

  /** Replaces the names in a need by the ids that the jobs had when they were last loaded. */
  resolve(need: Need): void {
    for (const name of need.names) {
      const id = this.#idsOfNames.get(name);
      if (id === undefined) continue;
      need.names.delete(name);
      need.ids.add(id);
      if (need.talliedNames.delete(name)) need.talliedIds.add(id);
      const rids = need.ridsOfNames.get(name);
      if (rids === undefined) continue;
      need.ridsOfNames.delete(name);
      for (const rid of rids) addRid(need.ridsOfIds, id, rid);
    }
  }

  learn(name: string, id: string): void {
    if (this.#idsOfNames.get(name) === id) return;
    this.#idsOfNames.delete(name);
    this.#idsOfNames.set(name, id);
    if (this.#idsOfNames.size <= NAMES_MAX) return;
    const [oldest] = this.#idsOfNames.keys();
    this.#idsOfNames.delete(oldest!);
  }

  /** Forgets names that turned out to belong to no job or to another one. */
  forget(names: Iterable<string>): void {
    for (const name of names) this.#idsOfNames.delete(name);
  }
}
