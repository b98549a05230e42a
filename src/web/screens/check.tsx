import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ConfigTrial } from '../../cli/api-types.ts';
import { ask } from '../api/client.ts';
import { countText } from '../model/faults.ts';
import { FaultText } from '../ui/fault-text.tsx';
import { LintList } from '../ui/lint-list.tsx';
import { planLineKind } from '../model/plan.ts';

const EXAMPLE = 'jobs:\n  nightly-backup:\n    schedule: "0 2 * * *"\n    grace: 10m\n';

/** Shows what a configuration is worth before anybody commits it. Nothing is changed. */
export function Check(): JSX.Element {
  const text = useSignal('');
  const trial = useSignal<ConfigTrial | null>(null);
  const failed = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const check = async (event: Event): Promise<void> => {
    event.preventDefault();
    isAsking.value = true;
    try {
      trial.value = (await ask('post_config_check', { body: { text: text.value } })).body;
      failed.value = null;
    } catch (error) {
      failed.value = (error as Error).message;
    }
    isAsking.value = false;
  };
  return (
    <article class="page check">
      <header>
        <h1>Check before commit</h1>
        <p class="dim">
          Paste a <code>cronflow.yaml</code>. Its mistakes and warnings are shown, and what applying it would
          change, and which incidents of the last week would have been others. Nothing is changed or kept.
          Included files and variables of the environment are not read.
        </p>
      </header>
      <form onSubmit={(event) => void check(event)}>
        <textarea
          aria-label="The configuration"
          class="mono"
          rows={16}
          spellcheck={false}
          placeholder={EXAMPLE}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
        <p>
          <button type="submit" disabled={isAsking.value || text.value.trim() === ''}>
            Check
          </button>
        </p>
      </form>
      {failed.value !== null && (
        <p class="bad" role="alert">
          {failed.value}
        </p>
      )}
      <div aria-live="polite">{trial.value !== null && <Result trial={trial.value} />}</div>
    </article>
  );
}

function Result({ trial }: { trial: ConfigTrial }): JSX.Element {
  const { ok, errors, lints, text, plan, backtest, job_count: jobCount, not_read: notRead } = trial;
  const said = ok
    ? `Valid: ${jobCount} jobs, ${lints.length === 0 ? 'no warnings' : `${countText(lints)} to look at`}`
    : `Not valid: ${countText(errors)} ${errors.length === 1 ? 'error' : 'errors'}`;
  return (
    <>
      <section class={ok ? '' : 'alarm'}>
        <h2>{said}</h2>
        {ok ? <LintList lints={lints} hasLinks={false} /> : <FaultText text={text} />}
        {notRead.length > 0 && <p class="dim">Not read: {notRead.join(', ')}.</p>}
      </section>
      {plan !== null && (
        <section>
          <h2>{plan.is_empty ? 'Applying it would change nothing' : `Applying it: ${plan.totals}`}</h2>
          {plan.would_be_held && (
            <p class="bad">
              It removes more than half of the jobs, as a truncated file does, and would wait to be confirmed.
            </p>
          )}
          <pre class="block plan">
            {plan.lines.map((line, index) => (
              <span key={index} class={`plan-${planLineKind(line)}`}>
                {`${line}\n`}
              </span>
            ))}
          </pre>
        </section>
      )}
      {backtest !== null && (
        <section>
          <h2>The last 7 days under it</h2>
          <pre class="block">{backtest}</pre>
        </section>
      )}
    </>
  );
}
