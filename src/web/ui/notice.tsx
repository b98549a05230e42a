import type { ComponentChildren, JSX } from 'preact';

/** What a screen says in place of its data: an empty state that says what to do, or what went wrong. */
export function Notice({
  title,
  children,
  isError = false,
}: {
  title: string;
  children?: ComponentChildren;
  isError?: boolean;
}): JSX.Element {
  return (
    <section class={isError ? 'notice error' : 'notice'} role={isError ? 'alert' : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What went wrong with a request. */
export function Failure({ error }: { error: Error }): JSX.Element {
  return (
    <Notice title="This cannot be shown" isError>
      <p>{error.message}</p>
    </Notice>
  );
}
