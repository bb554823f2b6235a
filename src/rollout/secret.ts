/** Whether the name of a variable sounds as if its value should not be shown or kept. */
export function soundsSecret(name: string): boolean {
  return /pass|secret|token|key|credential|auth|dsn/i.test(name);
}
