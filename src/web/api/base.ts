/** The path under which Cronflow is shown, which the server writes into the page; empty for the root. */
export const BASE: string = document.documentElement.dataset['base'] ?? '';
