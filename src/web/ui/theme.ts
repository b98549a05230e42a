import { effect, signal } from '@preact/signals';

/** Light, dark, or as the system of the reader has it. */
export type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'cronflow-theme';

export const theme = signal<Theme>('system');

/** Shows the theme that was chosen in this browser, and keeps what is chosen from now on. */
export function startTheme(): void {
  theme.value = THEMES.find((each) => each === stored()) ?? 'system';
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // A browser may keep nothing for a page. The choice then lasts for as long as the page is open.
    }
  });
}

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
