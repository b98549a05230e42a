import type { Scope } from '../store.ts';

/** The records that the transactions of one batch name, or that they turned out to need. */
export interface Need {
  /** All jobs and everything else that transactions may name. */
  all: boolean;
  ids: Set<string>;
  names: Set<string>;
  due: Scope['due'] | undefined;
  /** The run ids of clients, whose newest rows are loaded, by the ids and by the names of their jobs. */
  ridsOfIds: Map<string, Set<string>>;
  ridsOfNames: Map<string, Set<string>>;
  /** The jobs of which the figures of the latest days are loaded, by their ids and by their names. */
  talliedIds: Set<string>;
  talliedNames: Set<string>;
  /** Loads the runs that ended last, of each job that is named. */
  recent: boolean;
  /** Loads them of the jobs of which one ended `unknown`. */
  unknown: boolean;
  delivery_ids: Set<string>;
  incident_ids: Set<string>;
  system_incidents: boolean;
  meta: Set<string>;
  /** The notifiers whose lanes are asked about. */
  lanes: Set<string>;
  /** Needs every table to which a ping may write. */
  like_ping: boolean;
}

/** Returns what the transactions with these scopes need to begin with. */
export function needOf(scopes: readonly Scope[]): Need {
  const need: Need = {
    all: false,
    ids: new Set(),
    names: new Set(),
    due: undefined,
    ridsOfIds: new Map(),
    ridsOfNames: new Map(),
    talliedIds: new Set(),
    talliedNames: new Set(),
    recent: false,
    unknown: false,
    delivery_ids: new Set(),
    incident_ids: new Set(),
    system_incidents: false,
    meta: new Set(),
    lanes: new Set(),
    like_ping: false,
  };
  for (const scope of scopes) {
    if (scope.all === true) need.all = true;
    if (scope.due !== undefined) need.due = scope.due;
    if (scope.like_ping === true) need.like_ping = true;
    if (scope.system_incidents === true) need.system_incidents = true;
    if (scope.runs?.recent === true) need.recent = true;
    if (scope.runs?.unknown === true) need.unknown = true;
    if (scope.lane !== undefined) need.lanes.add(scope.lane.notifier);
    addAll(need.ids, scope.ids);
    addAll(need.names, scope.names);
    if (scope.runs?.begins !== true) {
      addAll(need.talliedIds, scope.ids);
      addAll(need.talliedNames, scope.names);
    }
    for (const rid of scope.runs?.rids ?? []) {
      for (const id of scope.ids ?? []) addRid(need.ridsOfIds, id, rid);
      for (const name of scope.names ?? []) addRid(need.ridsOfNames, name, rid);
    }
    addAll(need.delivery_ids, scope.delivery_ids);
    addAll(need.incident_ids, scope.incident_ids);
    addAll(need.meta, scope.meta);
  }
  return need;
}

/** Tells whether the transactions of a scope share a batch with no others, because they name too much. */
export function isAlone(scope: Scope): boolean {
  return scope.all === true || scope.due !== undefined;
}

/** Adds a run id of a client to those of a job. */
export function addRid(ridsOf: Map<string, Set<string>>, job: string, rid: string): void {
  const rids = ridsOf.get(job);
  if (rids === undefined) ridsOf.set(job, new Set([rid]));
  else rids.add(rid);
}

function addAll(set: Set<string>, more: readonly string[] | undefined): void {
  for (const each of more ?? []) set.add(each);
}

/** What transactions asked for that was not loaded. */
export class Lack {
  readonly names = new Set<string>();
  /** The jobs of which the runs that ended last are needed. */
  readonly recent = new Set<string>();
  /** The jobs of which everything is needed. */
  readonly whole = new Set<string>();
  /** The jobs of which all days are needed, or the latest ones. */
  readonly days = new Set<string>();
  readonly latest_days = new Set<string>();
  readonly incident_ids = new Set<string>();
  readonly delivery_ids = new Set<string>();
  /** The open runs, the newest rows and days and the open incidents of all jobs. */
  heads = false;

  /** Takes over what another one notes. */
  add(other: Lack): void {
    this.heads ||= other.heads;
    addAll(this.names, [...other.names]);
    addAll(this.recent, [...other.recent]);
    addAll(this.whole, [...other.whole]);
    addAll(this.days, [...other.days]);
    addAll(this.latest_days, [...other.latest_days]);
    addAll(this.incident_ids, [...other.incident_ids]);
    addAll(this.delivery_ids, [...other.delivery_ids]);
  }

  /** Every ping asks this, so no list is made for it. */
  get isEmpty(): boolean {
    return (
      !this.heads &&
      this.names.size === 0 &&
      this.recent.size === 0 &&
      this.whole.size === 0 &&
      this.days.size === 0 &&
      this.latest_days.size === 0 &&
      this.incident_ids.size === 0 &&
      this.delivery_ids.size === 0
    );
  }
}
