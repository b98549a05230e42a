import type { Declaration } from '../../src/core/model/declaration.ts';

/** The keys of a job that say something for people, and that no decision of the core depends on. */
type Fact =
  | 'description'
  | 'runbook'
  | 'owner'
  | 'mention'
  | 'tags'
  | 'group'
  | 'badge'
  /** Ingest cuts the output, before the core sees the ping. */
  | 'output_limit'
  /** The plan reads it, before the core sees the job. */
  | 'renamed_from';

/**
 * The keys of a job by which the core decides. Whatever makes random jobs is typed by these, so a new key of the schema
 * does not compile until it is either among the facts or tried by the simulator and by the properties of the core. The
 * model of the simulator reads a declaration in `test/simulation/model/terms.ts`.
 */
export type Rule = Exclude<keyof Declaration, Fact>;
