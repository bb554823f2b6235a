import type { z } from 'zod';
import type { DocumentPath } from '../document.ts';
import { render, type Scope } from '../template.ts';
import { type Problem, problemsOf } from './complaints.ts';

interface Place {
  readonly scope: Scope;
  /** Where in the playbook the value stands. */
  readonly at: DocumentPath;
}

/** Collects what is wrong, so that all of it can be told at once. */
export class Problems {
  readonly all: Problem[] = [];

  add(problem: Problem): void {
    this.all.push(problem);
  }

  /** What the written value is once it is rendered; undefined if anything in it is wrong. */
  parse<Schema extends z.ZodType>(schema: Schema, written: unknown, { scope, at }: Place): z.infer<Schema> | undefined {
    const known = this.all.length;
    const value = render(written, scope, (path, message) => {
      this.add({ path: [...at, ...path], message });
    });
    const result = schema.safeParse(value);
    const problems = result.success ? [] : problemsOf(result.error, schema, value);
    for (const problem of problems) this.add({ ...problem, path: [...at, ...problem.path] });
    return result.success && this.all.length === known ? result.data : undefined;
  }
}
