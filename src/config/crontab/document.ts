import { Document, Scalar } from 'yaml';
import type { ImportedJob } from './import.ts';

/**
 * The text of a `cronflow.yaml` that declares the jobs, in their order.
 * @param timezone the zone of every job that has none of its own
 */
export function toYaml(jobs: readonly ImportedJob[], timezone: string): string {
  const declared = jobs.map((job) => [job.name, declarationOf(job, job.timezone)] as const);
  return yamlOf({ defaults: { timezone }, jobs: new Map(declared) });
}

/** The same for a file that is included by another, whose `defaults` are not known here. */
export function toIncludedYaml(jobs: readonly ImportedJob[], timezone: string): string {
  const declared = jobs.map((job) => [job.name, declarationOf(job, job.timezone ?? timezone)] as const);
  return yamlOf({ jobs: new Map(declared) });
}

function yamlOf(content: object): string {
  return new Document(content).toString({ lineWidth: 0 });
}

function declarationOf(
  { schedule, description }: ImportedJob,
  timezone: string | undefined,
): Record<string, unknown> {
  return {
    schedule: quoted(schedule),
    ...(timezone === undefined ? {} : { timezone }),
    ...(description === undefined ? {} : { description: literal(description) }),
  };
}

/** Quoted even where YAML needs it not: the next one who edits it may begin it with `*`. */
function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** `$$` and `${...}` mean something in a configuration; here they stand for themselves. */
function literal(text: string): string {
  return /\$[${]/.test(text) ? text.replaceAll('$', '$$$$') : text;
}
