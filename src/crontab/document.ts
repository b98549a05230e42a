import { Document, isMap, isScalar, Scalar } from 'yaml';
import type { ImportedJob } from './import.ts';
import { shownCommand } from './shown.ts';

/**
 * The text of a `cronflow.yaml` that declares the jobs, in their order.
 * @param timezone the zone of every job that has none of its own
 */
export function toYaml(jobs: readonly ImportedJob[], timezone: string): string {
  const declared = jobs.map((job) => [job.name, declarationOf(job, job.timezone)] as const);
  return yamlOf({ defaults: { timezone }, jobs: new Map(declared) }, jobs);
}

/** The same for a file that is included by another, whose `defaults` are not known here. */
export function toIncludedYaml(jobs: readonly ImportedJob[], timezone: string): string {
  const declared = jobs.map((job) => [job.name, declarationOf(job, job.timezone ?? timezone)] as const);
  return yamlOf({ jobs: new Map(declared) }, jobs);
}

/** Each job has its command above it, so that who reads the file need not look for the crontab. */
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
