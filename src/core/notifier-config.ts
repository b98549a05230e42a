/** A notifier as the files declare it; secrets are resolved. */
export type NotifierConfig =
  | {
      name: string;
      type: 'slack';
      /** Empty: nothing is sent, every notification is logged. A secret. */
      webhookUrl: string;
    }
  | { name: string; type: 'log' };
