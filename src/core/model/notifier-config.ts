/**
 * A notifier as the files declare it. Its kind decides which settings it has. The schema says so for people who write
 * the file, and the folder of the kind in `delivery/` for the code.
 */
export interface NotifierConfig {
  name: string;
  /** The kind of notifier, which is a `type` of the schema. */
  type: string;
  settings: NotifierSettings;
}

/**
 * The keys of the declaration but `type`, as the schema has let them through: `${VAR}` is resolved, and a secret of
 * `KEY_file` stands under KEY.
 */
export type NotifierSettings = Readonly<Record<string, unknown>>;

/**
 * Tells whether somebody was meant to be told and is not, because everything that is owed to an empty Slack address is
 * only logged (docs/design.md §5). `type: log` logs, too, but somebody chose that.
 */
export function tellsNobody({ type, settings }: NotifierConfig): boolean {
  return type === 'slack' && settings['webhook_url'] === '';
}
