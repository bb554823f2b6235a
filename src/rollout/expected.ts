/** What an answer has to have in it: a text, or what a regular expression matches. */
export type Expected = { readonly text: string } | { readonly pattern: string; readonly flags: string };

export function isIn(expected: Expected, value: string): boolean {
  return 'text' in expected ? value.includes(expected.text) : new RegExp(expected.pattern, expected.flags).test(value);
}

/** As it is written in a playbook. */
export function expectedText(expected: Expected): string {
  return 'text' in expected ? JSON.stringify(expected.text) : `/${expected.pattern}/${expected.flags}`;
}
