import { holdsSecret, type Secrets } from '../rollout/secret.ts';

/** Only a filter or a call makes something else of a text, such as another coding of it. */
const MAKES_ANOTHER = /[|(]/;

/**
 * Texts that a template has made of secrets, and that do not show them: a password that was encoded is no less secret.
 * `used`: what it refers to, and what it has looked up.
 */
export function derivedSecrets(
  value: unknown,
  { template, used }: { readonly template: string; readonly used: readonly unknown[] },
  secrets: Secrets,
): readonly string[] {
  if (!MAKES_ANOTHER.test(template)) return [];
  const sources = new Set(used.flatMap(textsIn));
  const isOfSecret = [...sources].some((text) => secrets.isIn(text)) || namesSecret(template);
  return isOfSecret ? textsIn(value).filter((text) => !sources.has(text) && !secrets.isIn(text)) : [];
}

/** `hostvars[name].db_password`: which value that is, is not to be seen from outside. */
function namesSecret(template: string): boolean {
  return [...template.matchAll(/\.\s*(\w+)|\[\s*'(\w+)'\s*\]|\[\s*"(\w+)"\s*\]/g)].some(([, ...names]) =>
    names.some((name: string | undefined) => name !== undefined && holdsSecret(name)),
  );
}

/** All texts in plain data. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
