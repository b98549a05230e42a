import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ConfigStatus, Fault } from '../../cli/api-types.ts';
import { ask } from '../api/client.ts';
import { useResource } from '../live/resource.ts';
import { placeOf } from '../model/faults.ts';
import { instantOf } from '../model/time.ts';
import { Link } from '../router.tsx';
import { Ago, Clock } from '../ui/moment.tsx';
import { FaultText } from '../ui/fault-text.tsx';
import { LintList } from '../ui/lint-list.tsx';
import { Failure } from '../ui/notice.tsx';
import { mayWrite, server } from '../ui/session.ts';
import { AuditRow } from './audit.tsx';

const APPLIED_SHOWN = 5;

/** Which configuration counts, why a change was not applied, what the last changes were, and who pings in vain. */
export function Configuration(): JSX.Element {
  const loaded = useResource(
    'configuration',
    async (signal) => (await ask('get_config', { signal })).body,
    ({ type }) => type === 'configuration' || type === 'incident',
  );
  const { data, error } = loaded.value;
  if (data === null) return error === null ? <p class="loading">Loading …</p> : <Failure error={error} />;
  return (
    <article class="page">
      <header>
        <h1>Configuration</h1>
        <Applied status={data} />
      </header>
      {data.held !== null && <Held held={data.held} />}
      {data.last_error !== null && <LastError error={data.last_error} />}
      <Warnings />
      <Lints />
      <LastChanges />
      <UnknownPings />
    </article>
  );
}

function Applied({ status }: { status: ConfigStatus }): JSX.Element {
  const at = instantOf(status.applied_at);
  if (status.revision === null) {
    return (
      <p>No configuration was ever applied: Cronflow runs without a file, and jobs come over the API.</p>
    );
  }
  return (
    <>
      <p>
        <code>{status.source ?? 'No file'}</code> is applied
        {at !== null && (
          <>
            {' '}
            since <Clock at={at} /> (<Ago at={at} />)
          </>
        )}
        . <Reload />
      </p>
      <p class="dim small">
        Revision <code>{status.revision.slice(0, 12)}</code>
        {status.files.length > 1 && ` from ${status.files.length} files: ${status.files.join(', ')}`}
      </p>
    </>
  );
}

/** Reads the files again at once. What is wrong with them is shown as the error of the configuration. */
function Reload({ confirm }: { confirm?: string }): JSX.Element {
  const failed = useSignal<string | null>(null);
  if (!mayWrite.value) return <></>;
  const reload = async (): Promise<void> => {
    try {
      await ask('post_reload', confirm === undefined ? {} : { query: { confirm } });
      failed.value = null;
    } catch (cause) {
      failed.value = (cause as Error).message;
    }
  };
  return (
    <>
      <button type="button" onClick={() => void reload()}>
        {confirm === undefined ? 'Read the files again' : 'Apply it all the same'}
      </button>
      {failed.value !== null && (
        <pre class="block bad" role="alert">
          {failed.value}
        </pre>
      )}
    </>
  );
}

function Held({ held }: { held: NonNullable<ConfigStatus['held']> }): JSX.Element {
  return (
    <section class="alarm">
      <h2>A change waits to be confirmed</h2>
      <p>{held.detail}</p>
      <p>
        <Reload confirm={held.revision} />
      </p>
    </section>
  );
}

function LastError({ error }: { error: NonNullable<ConfigStatus['last_error']> }): JSX.Element {
  const at = instantOf(error.at);
  return (
    <section class="alarm">
      <h2>
        What is on disk was not applied{' '}
        {at !== null && (
          <>
            at <Clock at={at} />
          </>
        )}
      </h2>
      <p>The configuration that was applied before still counts.</p>
      <FaultText text={error.detail} />
      <FaultList faults={error.faults.filter(({ message }) => !error.detail.includes(message))} />
    </section>
  );
}

/** Mistakes, each with its place and what was probably meant. */
export function FaultList({ faults }: { faults: readonly Fault[] }): JSX.Element {
  if (faults.length === 0) return <></>;
  return (
    <ul class="faults">
      {faults.map((fault, index) => (
        <li key={index}>
          <code>{placeText(fault)}</code> {fault.message}
          {fault.suggestion !== undefined && <span class="dim"> Did you mean {fault.suggestion}?</span>}
        </li>
      ))}
    </ul>
  );
}

function placeText(fault: Fault): string {
  return [placeOf(fault), fault.path].filter((part) => part !== '').join(' ');
}

function Warnings(): JSX.Element {
  const warnings = server.value?.warnings ?? [];
  if (warnings.length === 0) return <></>;
  return (
    <section>
      <h2>Warnings</h2>
      <ul class="faults">
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  );
}

/** What is probably not meant in the configuration that is applied. */
function Lints(): JSX.Element {
  const loaded = useResource(
    'lints',
    async (signal) => (await ask('get_config_lints', { signal })).body,
    ({ type }) => type === 'configuration',
  );
  const { data } = loaded.value;
  if (data === null || (data.lints.length === 0 && !data.is_too_long)) return <></>;
  return (
    <section>
      <h2>Probably not meant</h2>
      {data.is_too_long ? (
        <p>
          This configuration is too long to be looked through here. <code>cronflow check</code> does it.
        </p>
      ) : (
        <LintList lints={data.lints} />
      )}
    </section>
  );
}

/** The plans of the last configurations that were applied. */
function LastChanges(): JSX.Element {
  const loaded = useResource(
    'configurations applied',
    async (signal) => {
      const { body } = await ask('get_audit', { query: { limit: 1000 }, signal });
      return body.filter(({ action }) => action === 'configuration_applied').slice(0, APPLIED_SHOWN);
    },
    ({ type }) => type === 'configuration',
  );
  const entries = loaded.value.data ?? [];
  if (entries.length === 0) return <></>;
  return (
    <section>
      <h2>The last changes</h2>
      <ul class="list">
        {entries.map((entry) => (
          <li key={entry.id}>
            <AuditRow entry={entry} />
          </li>
        ))}
      </ul>
      <p>
        <Link to={{ screen: 'audit' }}>All changes</Link>
      </p>
    </section>
  );
}

/** Names that ping and that nobody declared: jobs that run unwatched. */
function UnknownPings(): JSX.Element {
  const loaded = useResource(
    'unknown pings',
    async (signal) => (await ask('get_unknown_pings', { query: { limit: 100 }, signal })).body,
    ({ type }) => type === 'configuration',
  );
  const pings = loaded.value.data ?? [];
  if (pings.length === 0) return <></>;
  return (
    <section>
      <h2>Names that ping and that nobody declared</h2>
      <ul class="list">
        {pings.map(({ name, kind, count, last_at: lastAt, nearest }) => (
          <li key={name}>
            <span class="what">
              <strong>{name}</strong>
              <span>
                {kind}, {count} times
              </span>
            </span>
            <span class="dim">
              last <Ago at={instantOf(lastAt) ?? 0} />
              {nearest !== null && ` · probably ${nearest}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
