import type { Fault } from '../core/model/errors.ts';

/**
 * Writes faults as workflow commands of GitHub Actions, which shows each at its line in the pull request.
 * @see https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export function githubAnnotations<F extends Fault>(
  faults: readonly F[],
  levelOf: (fault: F) => 'error' | 'warning' | 'notice',
): string {
  return faults
    .map((fault) => {
      const properties = [
        ['file', fault.file],
        ['line', fault.line],
        ['col', fault.column],
        ['title', `${fault.code}${fault.path === '' ? '' : ` at ${fault.path}`}`],
      ] as const;
      const written = properties
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `${key}=${property(String(value))}`);
      return `::${levelOf(fault)} ${written.join(',')}::${data(fault.message)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
