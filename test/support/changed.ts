/** `whole` with some of its members replaced; methods keep working on the whole, private fields included. */
export function changed<T extends object>(whole: T, over: Partial<T>): T {
  return new Proxy(whole, {
    get(target, key): unknown {
      if (key in over) return Reflect.get(over, key);
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
