import { Document, isMap, isScalar, Scalar } from 'yaml';
import type { ImportedJob } from './import.ts';
import { shownCommand } from './shown.ts';

/**
 * Writes a `cronflow.yaml` that declares the jobs, in their order.
 * @param timezone the zone of every job that has none of its own
 */
export function toYaml(jobs: readonly ImportedJob[], timezone: string): string {
  const declared = jobs.map((job) => [job.name, declarationOf(job, job.timezone)] as const);
  return yamlOf({ defaults: { timezone }, jobs: new Map(declared) }, jobs);
}

/**
 * Writes a file that another one includes. Each job names its zone, because the `defaults` of the other file are not
 * known here.
 */
export function toIncludedYaml(jobs: readonly ImportedJob[], timezone: string): string {
  const declared = jobs.map((job) => [job.name, declarationOf(job, job.timezone ?? timezone)] as const);
  return yamlOf({ jobs: new Map(declared) }, jobs);
}

/** Writes YAML with the command of each job above it, so that a reader need not look for the crontab. */
function yamlOf(content: object, jobs: readonly ImportedJob[]): string {
  const document = new Document(content);
  const declared = document.get('jobs');
  if (isMap(declared)) {
    for (const [i, { key }] of declared.items.entries()) {
      const command = jobs[i]?.runs;
      if (isScalar(key) && command !== undefined && command !== '')
        key.commentBefore = ` ${shownCommand(command)}`;
    }
  }
  return document.toString({ lineWidth: 0 });
}

function declarationOf(
  { schedule, every, grace, overlap, description }: ImportedJob,
  timezone: string | undefined,
): Record<string, unknown> {
  return {
    ...(schedule === undefined ? { every } : { schedule: quoted(schedule) }),
    ...(grace === undefined ? {} : { grace }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(description === undefined ? {} : { description: literal(description) }),
  };
}

/** Quotes a schedule even where YAML does not need it, because the next person who edits it may begin it with `*`. */
function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** Escapes `$$` and `${...}`, because they mean something in a configuration and stand for themselves here. */
function literal(text: string): string {
  return /\$[${]/.test(text) ? text.replaceAll('$', '$$$$') : text;
}
